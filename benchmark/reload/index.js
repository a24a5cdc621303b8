'use strict';

// `npm run bench:reload`: changes under load. Linux only (/proc).
//
//   --tests a,b       rolling, idle, broken, activation, standby, random, boot
//   --reloads 25      rolling reloads of this project, for each kind of load, and until there were …
//   --requests 1000000  … that many requests (a tenth of them with short connections suffices)
//   --pm2-reloads 4   those of PM2
//   --rounds 20       restarts under socket activation, kills, boots
//   --seconds 60      of reloads, scaling and kills at random, after --seed <number>
//   --node <path>     for the boot test, where this Node has no compile cache (before 22.1)
//   --quick           a quick look: little of everything
//
// Progress goes to stderr, the tables to docs/benchmarks.md; of a run with less than the defaults they go to stdout.

const os = require('node:os');
const path = require('node:path');
const { writeSection } = require('../lib/document');
const { installPackages } = require('../lib/install');
const { Subject } = require('../lib/subject');
const { readOptions } = require('./options');
const { report } = require('./report');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
/** As shells report Ctrl-C. */
const INTERRUPTED = 130;

const progress = (what, values) => console.error(`${what}: ${JSON.stringify(values)}`);

async function outcomeOf(test, options) {
  try {
    return { test, found: await test.run({ ...options, progress }) };
  } catch (err) {
    if (Subject.isInterrupted) throw err;
    console.error(`${test.name}: failed: ${err.stack}`);
    return { test, failure: err.message };
  }
}

async function main() {
  if (process.platform !== 'linux')
    throw new Error('the benchmark reads /proc: run it on Linux (or in WSL, or a container)');
  const options = readOptions(process.argv.slice(2));
  // The peers are those of bench:http.
  installPackages(path.join(__dirname, '../http'));
  // A second one ends this process at once. Load generators end when their parent does.
  const interrupt = () => Subject.interrupt().then(() => process.exit(INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  process.once('uncaughtException', (err) => {
    console.error(err);
    Subject.interrupt().then(() => process.exit(1));
  });
  const [load] = os.loadavg();
  const outcomes = [];
  for (const test of options.tests) outcomes.push(await outcomeOf(test, options));
  const text = report(outcomes, { ...options, load });
  if (options.isWhole) writeSection(DOCUMENT, 'bench:reload', text);
  else console.log(text);
  if (outcomes.some(({ failure }) => failure)) process.exitCode = 1;
}

main().catch((err) => {
  console.error(err.message);
  process.exit(Subject.isInterrupted ? INTERRUPTED : 1);
});
