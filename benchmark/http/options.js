'use strict';

const { parseArgs } = require('node:util');
const { PEERS } = require('./peers');
const TESTS = require('./tests');

const unique = (list) => [...new Set(list)];

function positive(name, text, isAllowed, what) {
  const number = Number(text);
  if (!(number > 0 && isAllowed(number))) throw new Error(`--${name} ${text}: ${what} above 0 is needed`);
  return number;
}

/** The names in a comma-separated list; all of them if there is no list. */
function chosen(name, text, all) {
  if (text === undefined) return all;
  const names = text.split(',').map((each) => each.trim());
  const unknown = names.find((each) => !all.includes(each));
  if (unknown !== undefined) throw new Error(`--${name}: there is no '${unknown}'; there are ${all.join(', ')}`);
  return names;
}

/** `{ rounds, seconds, peers, tests, isWhole }`; `isWhole`: nobody and nothing was left out. */
function readOptions(args) {
  const options = {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    tests: { type: 'string' },
  };
  const { values } = parseArgs({ args, options });
  const peers = chosen(
    'only',
    values.only,
    PEERS.map(({ name }) => name),
  );
  const groups = chosen('tests', values.tests, unique(TESTS.map(({ group }) => group)));
  return {
    rounds: positive('rounds', values.rounds, Number.isInteger, 'an integer'),
    seconds: positive('seconds', values.seconds, Number.isFinite, 'a number'),
    peers: PEERS.filter(({ name }) => peers.includes(name)),
    tests: TESTS.filter(({ group }) => groups.includes(group)),
    isWhole: values.only === undefined && values.tests === undefined,
  };
}

module.exports = { readOptions };
