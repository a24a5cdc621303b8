'use strict';
// `npm run bench:messages`: this project's messages side by side with those of the original's stack. Linux only (/proc).
//
//   --rounds 3    of each test with each peer, one after the other (A B C A B C …)
//   --seconds 3   for each load
//   --only a,b    peers: cluster-native, original, raw
//   --tests a,b   flood-64, flood-4k, flood-100k, flood-8m, flood-sendmessage, broadcast-2, broadcast-8, broadcast-32, round-trip, requests,
//                 requests-by-hand, stopped
//
// The tables go to stdout and, of a run of everything, into docs/benchmarks.md.

const path = require('node:path');
const { writeSection } = require('../lib/document');
const { installPackages } = require('../lib/install');
const { show } = require('./columns');
const { readOptions } = require('./options');
const { peers } = require('./peers');
const { report } = require('./report');
const { Results } = require('./results');
const { Session, killAll } = require('./session');
const tests = require('./tests');

const DOCS = path.join(__dirname, '../../docs/benchmarks.md');

const progress = (text) => process.stderr.write(text);

async function measure(test, peer, options) {
  const start = (workers) => Session.start(peer, workers);
  const session = await start(test.workers);
  try {
    return await test.run(session, { seconds: options.seconds, start });
  } finally {
    await session.end();
  }
}

async function measureInto(results, test, peer, options) {
  try {
    const values = await measure(test, peer, options);
    results.add(test.name, peer.name, values);
    progress(`${test.columns.map((name) => `${name} ${show(name, values[name])}`).join(', ')}\n`);
  } catch (err) {
    results.failures.push({ test: test.name, peer: peer.name, message: err.message });
    progress(`failed: ${err.message.split('\n')[0]}\n`);
  }
}

async function main() {
  if (process.platform !== 'linux') throw new Error('the benchmark reads /proc: run it on Linux (WSL, a container)');
  const names = (list) => list.map(({ name }) => name);
  const options = readOptions(process.argv.slice(2), { peers: names(peers), tests: names(tests) });
  installPackages(__dirname);
  const results = new Results();
  for (let round = 1; round <= options.rounds; round++) {
    for (const test of tests.filter(({ name }) => options.tests.includes(name))) {
      for (const peer of peers.filter(({ name }) => options.peers.includes(name))) {
        if (test.masterOnly && !peer.isMaster) continue;
        progress(`${round}/${options.rounds} ${test.name} ${peer.name}: `);
        await measureInto(results, test, peer, options);
      }
    }
  }
  const text = report(results, tests, options);
  console.log(text);
  if (options.isComplete) writeSection(DOCS, 'bench:messages', text);
  if (results.failures.length > 0) process.exitCode = 1;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => process.exit(code));
process.on('exit', killAll);

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
