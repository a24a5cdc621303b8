'use strict';

// The command line.

const { parseArgs } = require('node:util');

function number(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} ${text}: a number above 0 is needed`);
  return value;
}

function chosen(name, list, known) {
  const names = list?.split(',') ?? known;
  const unknown = names.find((one) => !known.includes(one));
  if (unknown !== undefined) throw new Error(`--${name} ${unknown}: it is one of ${known.join(', ')}`);
  return known.filter((one) => names.includes(one));
}

/** `{ rounds, seconds, peers, tests, isComplete }`; `peers` and `tests` are the names of what can be chosen. */
function readOptions(args, { peers, tests }) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string' },
      tests: { type: 'string' },
    },
  });
  const rounds = Math.ceil(number('rounds', values.rounds));
  const seconds = number('seconds', values.seconds);
  const chosenPeers = chosen('only', values.only, peers);
  const chosenTests = chosen('tests', values.tests, tests);
  const isComplete = chosenPeers.length === peers.length && chosenTests.length === tests.length;
  return { rounds, seconds, peers: chosenPeers, tests: chosenTests, isComplete };
}

module.exports = { readOptions };
