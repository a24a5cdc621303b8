'use strict';

// `npm run bench:watch`: how long after a save the new version answers. `--rounds N --saves N --only name,name`;
// `--rounds 1 --saves 2` is a quick look. Progress goes to stderr, the table to docs/benchmarks.md; of a run with less than
// the defaults it goes to stdout. Linux only (/proc).

const os = require('node:os');
const path = require('node:path');
const { writeSection } = require('../lib/document');
const { installPackages } = require('../lib/install');
const { Subject } = require('../lib/subject');
const { readOptions } = require('./options');
const { report } = require('./report');
const { runRounds } = require('./rounds');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
/** As shells report Ctrl-C. */
const INTERRUPTED = 130;

async function main() {
  if (process.platform !== 'linux')
    throw new Error('the benchmark reads /proc: run it on Linux (or in WSL, or a container)');
  const options = readOptions(process.argv.slice(2));
  installPackages(__dirname);
  // A second one ends this process at once.
  const interrupt = () => Subject.interrupt().then(() => process.exit(INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  const [load] = os.loadavg();
  const text = report(await runRounds(options), { ...options, load });
  if (options.isWhole) writeSection(DOCUMENT, 'bench:watch', text);
  else console.log(text);
}

main().catch((err) => {
  console.error(err.message);
  process.exit(Subject.isInterrupted ? INTERRUPTED : 1);
});
