'use strict';

// Numbers as people read them. Pure.

const NONE = '–';

const isKnown = (number) => typeof number === 'number' && Number.isFinite(number);

/** With three digits at most where it is small. */
function number(value) {
  if (!isKnown(value)) return NONE;
  if (Math.abs(value) >= 10_000) return `${trim(value / 1000)}k`;
  return trim(value);
}

function trim(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function bytes(value) {
  if (!isKnown(value)) return NONE;
  let [rest, unit] = [value, 0];
  while (rest >= 1024 && unit < UNITS.length - 1) [rest, unit] = [rest / 1024, unit + 1];
  return `${trim(rest)} ${UNITS[unit]}`;
}

const percent = (share) => (isKnown(share) ? `${trim(share * 100)} %` : NONE);

const milliseconds = (value) => (isKnown(value) ? `${trim(value)} ms` : NONE);

/** `3 s`, `12 min`, `5 h 10 min`, `2 d 3 h`. `units`: of days, hours, minutes and seconds, as they stand behind a number. */
function duration(ms, [d, h, min, s]) {
  if (!isKnown(ms)) return NONE;
  const seconds = Math.floor(ms / 1000);
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return `${days}${d} ${hours % 24}${h}`;
  if (hours > 0) return `${hours}${h} ${minutes % 60}${min}`;
  return minutes > 0 ? `${minutes}${min} ${seconds % 60}${s}` : `${seconds}${s}`;
}

module.exports = { NONE, bytes, duration, milliseconds, number, percent };
