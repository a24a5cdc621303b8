'use strict';

// `npm run bench:endings`: what becomes of an app's own end under this project and under others. Linux only (/proc).
//
//   --only a,b          cluster-native, node-cluster, pm2, egg
//   --tests a,b         handler, exit-at-once, hooks, stdout, background, crash, storm, sockets
//   --storm-seconds 30  how long routes crash in `storm`
//
// Progress goes to stderr, the table to docs/endings.md; of a run with less than the defaults it goes to stdout.

const path = require('node:path');
const { writeSection } = require('../lib/document');
const { installPackages } = require('../lib/install');
const { Subject } = require('../lib/subject');
const { readOptions } = require('./options');
const { report } = require('./report');

const DOCUMENT = path.join(__dirname, '../../docs/endings.md');
/** As shells report Ctrl-C. */
const INTERRUPTED = 130;

async function outcomeOf(test, peer, options) {
  try {
    const values = await test.run(peer, options);
    console.error(`${test.name}, ${peer.name}: ${JSON.stringify(values)}`);
    return { values };
  } catch (err) {
    if (Subject.isInterrupted) throw err;
    console.error(`${test.name}, ${peer.name}: failed: ${err.stack}`);
    return { failure: err.message };
  }
}

/** By peer. */
async function measure(test, options) {
  const { peers } = options;
  if (test.isIdle) {
    const outcomes = await Promise.all(peers.map((peer) => outcomeOf(test, peer, options)));
    return new Map(peers.map((peer, index) => [peer, outcomes[index]]));
  }
  const outcomes = new Map();
  for (const peer of peers) outcomes.set(peer, await outcomeOf(test, peer, options));
  return outcomes;
}

async function main() {
  if (process.platform !== 'linux')
    throw new Error('the benchmark reads /proc: run it on Linux (or in WSL, or a container)');
  const options = readOptions(process.argv.slice(2));
  // PM2 is that of bench:http.
  for (const folder of ['../http', '.']) installPackages(path.join(__dirname, folder));
  // A second one ends this process at once.
  const interrupt = () => Subject.interrupt().then(() => process.exit(INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  const outcomes = new Map();
  for (const test of options.tests) outcomes.set(test, await measure(test, options));
  const text = report(outcomes, options);
  if (options.isWhole) writeSection(DOCUMENT, 'bench:endings', text);
  else console.log(text);
  if ([...outcomes.values()].some((byPeer) => [...byPeer.values()].some(({ failure }) => failure)))
    process.exitCode = 1;
}

main().catch((err) => {
  console.error(err.message);
  process.exit(Subject.isInterrupted ? INTERRUPTED : 1);
});
