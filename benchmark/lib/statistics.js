'use strict';

/** The value below which the share `p` (0 to 1) of the values lies (nearest rank); NaN of none. */
function percentile(values, p) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Between which two values the median of what these are samples of lies, with 95 % confidence: order statistics, which assume nothing of
 *  how the values are spread (n ≥ 6). */
function medianInterval(values) {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  // The largest k for which P(fewer than k of n coins show heads) is at most 2.5 %.
  let [k, term, tail] = [0, 0.5 ** n, 0.5 ** n];
  while (tail <= 0.025) {
    k += 1;
    term = (term * (n - k + 1)) / k;
    tail += term;
  }
  return k === 0 ? [NaN, NaN] : [sorted[k - 1], sorted[n - k]];
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

module.exports = { percentile, median, medianInterval, sum };
