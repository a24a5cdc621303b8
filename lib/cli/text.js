'use strict';

// Text as a terminal shows it.

/** Letters that take two columns: Chinese, Japanese, Korean, full-width forms, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

const widthOf = (text) => Array.from(text).reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1), 0);

/** At most `width` columns, with a '…' where something was cut off. */
function cut(text, width) {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const letter of text) {
    if (widthOf(kept) + widthOf(letter) > width - 1) break;
    kept += letter;
  }
  return width > 0 ? `${kept}…` : '';
}

/** As cut(), but the end stays. */
const cutStart = (text, width) =>
  Array.from(cut(Array.from(text).reverse().join(''), width))
    .reverse()
    .join('');

const pad = (text, width) => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** 87 ms, 1.2 s */
const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];

const FIRST_MS = 10_000;

/** 87 ms, 1.2 s, 12 s, 3 min, 5 h, 20 d */
function age(ms) {
  if (ms < FIRST_MS) return duration(ms);
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1000];
  return `${Math.floor(ms / length)} ${unit}`;
}

/** Of one CPU. */
const percent = (share) => `${Math.round(share * 100)} %`;
const megabytes = (bytes) => `${Math.round(bytes / 1024 / 1024)} MB`;

/** 870 KB, 1.2 MB */
const fileSize = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** One line, in which nothing moves the cursor. */
const oneLine = (text) =>
  String(text)
    .split('\n', 1)[0]
    .replace(/\p{Cc}/gu, ' ');

/** a, b, c and 2 more */
function several(texts, most = 3) {
  const more = texts.length - most;
  return `${texts.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

module.exports = { age, megabytes, oneLine, percent, several, widthOf, cut, cutStart, pad, duration, fileSize };
