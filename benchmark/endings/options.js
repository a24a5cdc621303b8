'use strict';

const { parseArgs } = require('node:util');
const { PEERS } = require('./peers');
const TESTS = require('./tests');

const STORM_SECONDS = 30;

/** Those in a comma-separated list of names; all of them if there is no list. */
function chosen(option, text, all) {
  if (text === undefined) return all;
  const names = text.split(',').map((each) => each.trim());
  const unknown = names.find((each) => !all.some(({ name }) => name === each));
  const known = all.map(({ name }) => name).join(', ');
  if (unknown !== undefined) throw new Error(`--${option}: there is no '${unknown}'; there are ${known}`);
  return all.filter(({ name }) => names.includes(name));
}

/** `isWhole`: nobody and nothing was left out, and nothing made shorter. */
function readOptions(args) {
  const options = { only: { type: 'string' }, tests: { type: 'string' }, 'storm-seconds': { type: 'string' } };
  const { values } = parseArgs({ args, options });
  const text = values['storm-seconds'] ?? String(STORM_SECONDS);
  const stormSeconds = Number(text);
  if (!(stormSeconds > 0 && Number.isFinite(stormSeconds)))
    throw new Error(`--storm-seconds ${text}: a number above 0 is needed`);
  return {
    peers: chosen('only', values.only, PEERS),
    tests: chosen('tests', values.tests, TESTS),
    stormSeconds,
    isWhole: values.only === undefined && values.tests === undefined && stormSeconds >= STORM_SECONDS,
  };
}

module.exports = { readOptions };
