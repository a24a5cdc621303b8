'use strict';

/** Of the known words the one that was most probably meant; undefined if none is near. */
function nearest(word, known) {
  const farthest = Math.min(2, Math.floor(word.length / 2));
  return known
    .map((candidate) => ({ candidate, away: distance(candidate.toLowerCase(), word.toLowerCase()) }))
    .filter(({ away }) => away <= farthest)
    .sort((a, b) => a.away - b.away)[0]?.candidate;
}

/** Levenshtein. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

module.exports = { nearest };
