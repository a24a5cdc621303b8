'use strict';

const { median } = require('../lib/statistics');
const { Subject } = require('../lib/subject');
const { withPeer } = require('./peers');
const { Results } = require('./results');

/** A run that failed is made again once: then it was not the moment. */
const ATTEMPTS = 2;

const takesPart = (peer, test) => !peer.only || peer.only.includes(test.group);

/** Each round begins with another peer, so that none always comes first or after the same one. */
const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];

function describe(values) {
  const show = (value) => (typeof value === 'number' ? Number(value.toFixed(2)) : value);
  return Object.entries(values)
    .map(([key, value]) => `${key} ${show(value)}`)
    .join(', ');
}

async function attempt(test, peer, options) {
  for (let i = 1; ; i += 1) {
    try {
      return await withPeer(peer, test.workers, (subject, port) => test.run(subject, port, options));
    } catch (err) {
      if (Subject.isInterrupted || i === ATTEMPTS) throw err;
      console.error(`${test.name} ${peer.name}: ${err.message}`);
    }
  }
}

async function medians(test, peer, options) {
  const runs = [];
  for (let i = 0; i < (test.starts ?? 1); i += 1) runs.push(await attempt(test, peer, options));
  if (runs.length === 1) return runs[0];
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((values) => values[key]))]));
}

/** Runs each test with each peer, one after the other, `rounds` times. */
async function runRounds(options) {
  const results = new Results();
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const test of options.tests) {
      for (const peer of rotate(
        options.peers.filter((each) => takesPart(each, test)),
        round - 1,
      )) {
        const where = `round ${round}/${options.rounds}, ${test.name}, ${peer.name}`;
        try {
          const values = await medians(test, peer, options);
          results.add(test.name, peer.name, round, values);
          console.error(`${where}: ${describe(values)}`);
        } catch (err) {
          if (Subject.isInterrupted) throw err;
          results.failures.push({ test: test.name, peer: peer.label, round, message: err.message });
          console.error(`${where}: failed: ${err.message}`);
        }
      }
    }
  }
  return results;
}

module.exports = { runRounds };
