'use strict';

// The kinds of values that the fields of the configuration have: what is allowed, in words, and whether a value is. For the
// command line besides: `words` that are all that there is, or what the `number` counts, as its help calls it.

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** One master that forks more is a mistake in a digit. */
const MOST_WORKERS = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;

const UNITS = { K: KIB, M: MIB, G: KIB * MIB };

/** A size as a number of bytes or as `'512M'`; NaN if it is neither. */
function bytesOf(size) {
  if (typeof size === 'number') return Number.isSafeInteger(size) ? size : NaN;
  const [, number, unit] = (typeof size === 'string' && /^(\d+(?:\.\d+)?) ?([KMG])(?:i?B)?$/i.exec(size)) || [];
  const bytes = unit ? Math.floor(Number(number) * UNITS[unit.toUpperCase()]) : NaN;
  return Number.isSafeInteger(bytes) ? bytes : NaN;
}

const CONTROL = /\p{Cc}/u;

const isString = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What kind of value it is, where the value itself may be a secret. */
function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

const isVariableName = (name) => name !== '' && !/[=\0]/.test(name);
const isVariableValue = (value) =>
  value === undefined || (['string', 'number', 'boolean'].includes(typeof value) && !String(value).includes('\0'));

/** A Map, a Headers or a Date has no variables of its own: they would be lost. */
function isRecord(value) {
  return isObject(value) && !(Symbol.iterator in value) && !(value instanceof Date);
}

function isEnvironment(value) {
  return isRecord(value) && !wrongVariable(value);
}

const wrongVariable = (env) =>
  Object.entries(env).find(([name, item]) => !isVariableName(name) || !isVariableValue(item));

/** What is wrong with it, without the values: they may be secrets. */
function seenOfEnvironment(env) {
  if (!isRecord(env)) return isObject(env) ? `a ${env.constructor?.name ?? 'value'}` : kindOf(env);
  const [name, value] = wrongVariable(env);
  if (!isVariableName(name)) return `one with the name ${JSON.stringify(name)}`;
  return `one in which \`${name}\` is ${typeof value === 'string' ? 'a text with a NUL' : kindOf(value)}`;
}

/** Some loggers are functions that have these. */
function isLogger(value) {
  if (value === null || !['object', 'function'].includes(typeof value)) return false;
  return ['error', 'warn', 'info', 'debug'].every((level) => typeof value[level] === 'function');
}

const yesOrNo = { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };
const text = { allowed: 'a non-empty string', accepts: isString };
const texts = {
  allowed: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes('\0')),
};
const anything = { allowed: 'a value that JSON can hold', accepts: () => true };
const title = {
  allowed: 'a non-empty string without control characters, such as line breaks',
  accepts: (value) => isString(value) && !CONTROL.test(value),
};
const environment = {
  allowed: 'an object of strings, numbers and booleans; undefined as a value removes the variable',
  accepts: isEnvironment,
  seen: seenOfEnvironment,
};
const logger = {
  allowed: 'an object with the functions error, warn, info and debug, such as console or pino()',
  accepts: isLogger,
};
const size = {
  allowed: "false, a number of bytes, or a text like '512M' or '1.5G'; 16 MiB or more",
  accepts: (value) => value === false || bytesOf(value) >= 16 * MIB,
};
const requests = {
  allowed: 'false, or an integer above 0',
  accepts: (value) => value === false || (Number.isSafeInteger(value) && value > 0),
  number: 'n',
};
const descriptors = {
  allowed: 'an array of the numbers of descriptors',
  accepts: (value) =>
    Array.isArray(value) && value.every((fd) => Number.isInteger(fd) && fd >= 0 && fd <= LONGEST_TIMER_MS),
};
const seconds = {
  allowed: 'a number of seconds above 0',
  accepts: (value) => Number.isFinite(value) && value > 0 && value * 1000 <= LONGEST_TIMER_MS,
  number: 's',
};

/** The port, the ports or the path that a worker is ready by. */
function isPlace(value) {
  if (!isObject(value) || Object.keys(value).length !== 1) return false;
  const ports = [value.port].flat();
  return isString(value.path) || (ports.length > 0 && ports.every((port) => integer(1, 65_535, '').accepts(port)));
}

const oneOf = (...words) => ({
  allowed: words.map((word) => `'${word}'`).join(' or '),
  accepts: (value) => words.includes(value),
  words,
});
const integer = (least, most, unit, number) => ({
  allowed: `an integer from ${least} to ${most}${unit}`,
  accepts: (value) => Number.isInteger(value) && value >= least && value <= most,
  number,
});
/** Of workers. */
const workers = (least) => integer(least, MOST_WORKERS, '', 'n');
const milliseconds = (least) => integer(least, LONGEST_TIMER_MS, ' (milliseconds)', 'ms');
const bytes = (least, most) => integer(least, most, ' (bytes)', 'bytes');
/** A kind, or false; in words of its own. */
const orFalse = (kind, allowed) => ({ ...kind, allowed, accepts: (value) => value === false || kind.accepts(value) });

module.exports = {
  anything,
  bytes,
  bytesOf,
  descriptors,
  environment,
  isObject,
  isPlace,
  isRecord,
  isString,
  kindOf,
  KIB,
  logger,
  LONGEST_TIMER_MS,
  MIB,
  milliseconds,
  oneOf,
  orFalse,
  requests,
  seconds,
  size,
  text,
  texts,
  title,
  workers,
  yesOrNo,
};
