'use strict';

// `npm run bench:http`: the same app under this project and under others. `--rounds N --seconds S --only name,name
// --tests name,name`; `--rounds 1 --seconds 1` is a quick look. Progress goes to stderr, the tables to docs/benchmarks.md;
// where peers or tests were left out they go to stdout, and the document keeps what it has. Linux only (/proc).

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
  // A second one ends this process at once. Load generators end when their parent does.
  const interrupt = () => Subject.interrupt().then(() => process.exit(INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  const results = await runRounds(options);
  const text = report(results, options);
  if (options.isWhole) writeSection(DOCUMENT, 'bench:http', text);
  else console.log(text);
  if (results.failures.length > 0) process.exitCode = 1;
}

main().catch((err) => {
  console.error(err.message);
  process.exit(Subject.isInterrupted ? INTERRUPTED : 1);
});
