'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const TESTS = require('./tests');

/** Of each number: the default, and what `--quick` makes of it. */
const NUMBERS = {
  reloads: { whole: 25, quick: 2, least: 1 },
  'pm2-reloads': { whole: 4, quick: 1, least: 1 },
  requests: { whole: 1_000_000, quick: 5000, least: 1 },
  rounds: { whole: 20, quick: 2, least: 1 },
  seconds: { whole: 60, quick: 5, least: 1 },
};
const LARGEST_SEED = 2 ** 32;

function number(name, text, least) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} ${text}: an integer of ${least} or more is needed`);
  return value;
}

function chosen(text) {
  if (text === undefined) return TESTS;
  const names = text.split(',').map((each) => each.trim());
  const unknown = names.find((each) => !TESTS.some(({ name }) => name === each));
  const known = TESTS.map(({ name }) => name).join(', ');
  if (unknown !== undefined) throw new Error(`--tests: there is no '${unknown}'; there are ${known}`);
  return TESTS.filter(({ name }) => names.includes(name));
}

/** `isWhole`: nothing was left out or made smaller. */
function readOptions(args) {
  const strings = ['tests', 'node', 'seed', ...Object.keys(NUMBERS)];
  const options = Object.fromEntries(strings.map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ args, options: { ...options, quick: { type: 'boolean', default: false } } });
  const numbers = Object.entries(NUMBERS).map(([name, { whole, quick, least }]) => {
    const byDefault = values.quick ? quick : whole;
    return [name, values[name] === undefined ? byDefault : number(name, values[name], least)];
  });
  if (values.node !== undefined && !fs.existsSync(values.node))
    throw new Error(`--node ${values.node}: there is no such file`);
  const { reloads, 'pm2-reloads': pm2Reloads, requests, rounds, seconds } = Object.fromEntries(numbers);
  const seed = values.seed === undefined ? Math.floor(Math.random() * LARGEST_SEED) : number('seed', values.seed, 0);
  return {
    ...{ reloads, pm2Reloads, requests, rounds, seconds, seed },
    node: values.node ?? process.execPath,
    tests: chosen(values.tests),
    isWhole: values.tests === undefined && numbers.every(([name, value]) => value >= NUMBERS[name].whole),
  };
}

module.exports = { readOptions };
