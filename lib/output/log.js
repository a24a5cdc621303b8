'use strict';

// The one way for the library's own lines, those of the master included: to stderr, or into the user's logger.

const { describeError } = require('../errors');
const { write } = require('./terminal');

const LEVELS = ['error', 'warn', 'info', 'debug'];
const WORDS = ['off', ...LEVELS];

/** pino shares this one through the registry, also between its versions; children of a logger have it as well. */
const OF_PINO = Symbol.for('pino.serializers');

/** What YUNFLY_LOG says: a level (`off`: none), `json`, or both. The master reads it in the same way. `unknown`: what is neither. */
function readVariable(text = '') {
  const words = text
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return {
    level: words.map(leveled).find((word) => WORDS.includes(word)),
    json: words.includes('json'),
    unknown: words.filter((word) => word !== 'json' && !WORDS.includes(leveled(word))),
  };
}

/** Not each logger has `trace`, and console.trace() prints a stack. */
function leveled(word) {
  return word === 'trace' ? 'debug' : word;
}

/** `{ error, warn, info, debug }`, each called with a text and, optionally, fields. None of them throws. `usual`: the level that holds
 *  where YUNFLY_LOG names none. */
function createLog({ logger, title, usual = logger ? 'info' : 'warn' }) {
  const { level = usual, json } = readVariable(process.env.YUNFLY_LOG);
  const print = (name, text, fields) =>
    write('stderr', `${json ? jsonLine(name, title, text, fields) : line(title, text, fields)}\n`);
  const tell = (name, text, fields) => {
    try {
      const result = told(logger, name, title, text, fields);
      // A logger that is asynchronous may fail later; a rejection that nobody handles would end the app.
      if (typeof result?.then === 'function')
        result.then(undefined, (error) => print(name, text, failed(fields, error)));
    } catch (error) {
      print(name, text, failed(fields, error));
    }
  };
  const use = logger ? tell : print;
  const isOn = (name) => LEVELS.indexOf(name) <= LEVELS.indexOf(level);
  return Object.fromEntries(
    LEVELS.map((name) => [name, (text, fields = {}) => void (isOn(name) && use(name, text, fields))]),
  );
}

/** One text is what every logger takes; what comes beside it is the first argument for some and the last one for others. */
function told(logger, level, title, text, fields) {
  if (OF_PINO in logger) return logger[level]({ cluster: title, ...fields }, text);
  return logger[level](line(title, text, fields));
}

function failed(fields, error) {
  return { ...fields, loggerError: typeof error === 'string' ? error : describeError(error).message };
}

function line(title, text, fields) {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${title}: ${text}${pairs.join('')}`;
}

function shown(value) {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}

function jsonLine(level, title, text, fields) {
  const timestamp = new Date().toISOString();
  return JSON.stringify({ ...fields, timestamp, level: level.toUpperCase(), cluster: title, message: text });
}

module.exports = { createLog, readVariable };
