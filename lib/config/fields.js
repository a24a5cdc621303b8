'use strict';

// What each field of the configuration may be, apart from what depends on files (paths.js).

const { ClusterError } = require('../errors');
const { warn } = require('../warn');

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
  return unit ? Math.floor(Number(number) * UNITS[unit.toUpperCase()]) : NaN;
}

const CONTROL = /\p{Cc}/u;

const isString = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');

const flag = { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };
const text = { allowed: 'a non-empty string', accepts: isString };
const texts = {
  allowed: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes('\0')),
};
const oneOf = (...words) => ({
  allowed: words.map((word) => `'${word}'`).join(' or '),
  accepts: (value) => words.includes(value),
});
const integer = (least, most, unit) => ({
  allowed: `an integer from ${least} to ${most}${unit}`,
  accepts: (value) => Number.isInteger(value) && value >= least && value <= most,
});
/** Of workers. */
const workers = (least) => integer(least, MOST_WORKERS, '');
const milliseconds = (least) => integer(least, LONGEST_TIMER_MS, ' (milliseconds)');

function isEnvironment(value) {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, item]) => {
      const fits = item === undefined || ['string', 'number', 'boolean'].includes(typeof item);
      return fits && name !== '' && !/[=\0]/.test(name) && !String(item).includes('\0');
    })
  );
}

const FIELDS = {
  enable: flag,
  exec: { ...text, allowed: 'the path of the script that each worker runs', required: true },
  alone: {
    allowed: 'the path of a script or of a folder of scripts, or false for no alone process',
    accepts: (value) => value === false || isString(value),
  },
  count: {
    allowed: `${workers(1).allowed}, or 'auto' for as many as the CPUs that this process may use`,
    accepts: (value) => value === 'auto' || workers(1).accepts(value),
  },
  limit: {
    allowed: 'a number of seconds above 0',
    accepts: (value) => Number.isFinite(value) && value > 0 && value * 1000 <= LONGEST_TIMER_MS,
  },
  env: {
    allowed: 'an object of strings, numbers and booleans; undefined as a value removes the variable',
    accepts: isEnvironment,
  },
  instanceVar: {
    allowed: 'the name of an environment variable, or false for none',
    accepts: (value) => value === false || (isString(value) && !value.includes('=')),
  },
  title: {
    allowed: 'a non-empty string without control characters, such as line breaks',
    accepts: (value) => isString(value) && !CONTROL.test(value),
  },
  refork: flag,
  watch: {
    allowed: 'true, false, or the path of a file or folder, or an array of such paths',
    accepts: (value) => typeof value === 'boolean' || isString(value) || (Array.isArray(value) && value.length > 0 && value.every(isString)),
  },
  reloadDelay: milliseconds(0),
  mode: oneOf('production', 'development'),
  args: texts,
  execArgv: texts,
  cwd: { ...text, allowed: 'the path of a folder' },
  aloneConfig: { allowed: 'a value that JSON can hold', accepts: () => true },
  ready: oneOf('listening', 'online', 'message'),
  randomWorker: {
    allowed: "'worker', 'process', or false for no worker that is chosen by itself",
    accepts: (value) => value === false || value === 'worker' || value === 'process',
  },
  balance: oneOf('auto', 'round-robin', 'shared', 'sticky'),
  listenFds: {
    allowed: 'an array of the numbers of descriptors',
    accepts: (value) => Array.isArray(value) && value.every((fd) => Number.isInteger(fd) && fd >= 0 && fd <= LONGEST_TIMER_MS),
  },
  standby: workers(0),
  compileCache: {
    allowed: 'true, false, or the path of a folder',
    accepts: (value) => typeof value === 'boolean' || isString(value),
  },
  startTimeout: milliseconds(1),
  killTimeout: milliseconds(1),
  crashTimeout: milliseconds(1),
  streamTimeout: milliseconds(0),
  stopSignal: {
    allowed: "'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', or false for never",
    accepts: (value) => value === false || ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'].includes(value),
  },
  handleSignals: flag,
  shutdownDelay: milliseconds(0),
  minUptime: milliseconds(0),
  hangTimeout: {
    allowed: `false, or an integer from 1000 to ${LONGEST_TIMER_MS} (milliseconds)`,
    accepts: (value) => value === false || (Number.isInteger(value) && value >= 1000 && value <= LONGEST_TIMER_MS),
  },
  maxMemory: {
    allowed: "false, a number of bytes, or a text like '512M' or '1.5G'; 16 MiB or more",
    accepts: (value) => value === false || bytesOf(value) >= 16 * MIB,
  },
  maxMessageBytes: integer(KIB, 512 * MIB, ' (bytes)'),
  serialization: oneOf('json', 'advanced'),
  output: oneOf('inherit', 'prefix', 'pipe'),
  logger: {
    allowed: 'an object with the functions error, warn, info and debug, such as console or pino()',
    accepts: isLogger,
  },
};

/** Some loggers are functions that have these. */
function isLogger(value) {
  if (value === null || !['object', 'function'].includes(typeof value)) return false;
  return ['error', 'warn', 'info', 'debug'].every((level) => typeof value[level] === 'function');
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function shown(value) {
  if (typeof value === 'string') return CONTROL.test(value) ? JSON.stringify(value) : `'${value}'`;
  if (typeof value === 'number' || value === undefined) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `a ${typeof value} that JSON cannot hold`;
  }
}

function invalid(field, value, allowed, remedy) {
  const message = `cluster config: \`${field}\` must be ${allowed}, but is ${shown(value)}.`;
  return new ClusterError('ERR_CONFIG_INVALID', remedy ? `${message} ${remedy}` : message);
}

/** Throws for a wrong value, warns of an unknown field. */
function checkFields(config) {
  if (!isObject(config)) {
    const message = `cluster config: it must be an object with at least \`exec\`, but is ${shown(config)}.`;
    throw new ClusterError('ERR_CONFIG_INVALID', message);
  }
  for (const [field, { accepts, allowed, required }] of Object.entries(FIELDS)) {
    const value = config[field];
    if (value === undefined ? required : !accepts(value)) {
      const remedy = required ? `Set \`${field}\`.` : `Correct it, or leave \`${field}\` out for its default.`;
      throw invalid(field, value, allowed, remedy);
    }
  }
  for (const field of Object.keys(config)) {
    if (!Object.hasOwn(FIELDS, field)) warnOfUnknown(field);
  }
}

function warnOfUnknown(field) {
  const near = require('./nearest').nearest(field, Object.keys(FIELDS));
  const hint = near ? `Did you mean \`${near}\`?` : `The fields are: ${Object.keys(FIELDS).join(', ')}.`;
  warn('CLUSTER_UNKNOWN_OPTION', `cluster config: \`${field}\` is not a field and has no effect. ${hint}`);
}

module.exports = { FIELDS, workers, checkFields, invalid, shown, bytesOf, MIB };
