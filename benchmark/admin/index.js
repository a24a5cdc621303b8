'use strict';

// `npm run bench:admin`: how soon the master answers while the app's JavaScript is blocked, and what it costs to be scraped. `--requests N`
// of each kind, `--windows N` of each kind, `--seconds N` each. The table goes to stdout and into docs/benchmarks.md.

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { connectCluster } = require('../..');
const { table, writeSection } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median, medianInterval, percentile } = require('../lib/statistics');
const { get, ranFor, startSubject } = require('./subject');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
const WORKERS = 32;
const SCRAPE_EACH_MS = 100;
const TARGETS = { answer: '5 ms', cpu: '0.5 %' };

/** The times of requests one after the other, by kind, in ms. */
async function answers(requests) {
  const subject = await startSubject(4);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-admin-'));
  const client = await connectCluster(subject.pid);
  const kinds = {
    '`/livez`': () => get(subject.port, '/livez'),
    '`/metrics`': () => get(subject.port, '/metrics'),
    '`stats()` by the control socket': () => client.stats(),
  };
  const goOn = path.join(folder, 'go-on');
  await subject.block(goOn);
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let i = 0; i < requests; i += 1) {
    for (const [kind, ask] of Object.entries(kinds)) {
      const begin = performance.now();
      await ask();
      times[kind].push(performance.now() - begin);
    }
  }
  fs.writeFileSync(goOn, '');
  await subject.end();
  fs.rmSync(folder, { recursive: true });
  return times;
}

/** How much of a core the app's process used in a window, in %. */
async function window(subject, seconds, scraper) {
  const [begin, before] = [performance.now(), ranFor(subject.pid)];
  const end = begin + seconds * 1000;
  for (let next = begin; next < end; next += SCRAPE_EACH_MS) {
    await sleep(Math.max(0, next - performance.now()));
    if (scraper) await get(subject.port, '/metrics', scraper);
  }
  await sleep(Math.max(0, end - performance.now()));
  return ((ranFor(subject.pid) - before) / (performance.now() - begin)) * 100;
}

async function costs(windows, seconds) {
  const subject = await startSubject(WORKERS);
  await sleep(seconds * 1000); // they settle
  const scraper = new http.Agent({ keepAlive: true });
  const measured = { never: [], between: [], scraped: [] };
  for (let i = 0; i < windows; i += 1) measured.never.push(await window(subject, seconds, null));
  for (let i = 0; i < windows; i += 1) {
    // Each pair in the other order than the one before.
    for (const kind of i % 2 === 0 ? ['scraped', 'between'] : ['between', 'scraped']) {
      measured[kind].push(await window(subject, seconds, kind === 'scraped' ? scraper : null));
    }
    process.stderr.write(`${i + 1}/${windows} windows\n`);
  }
  scraper.destroy();
  await subject.end();
  return measured;
}

async function main() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '500' },
      windows: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '10' },
    },
  });
  const [requests, windows, seconds] = [values.requests, values.windows, values.seconds].map(Number);
  const times = await answers(requests);
  const used = await costs(windows, seconds);
  const ms = (value) => `${value.toFixed(2)} ms`;
  const share = (value) => `${value.toFixed(2)} %`;
  const extra = used.scraped.map((value, i) => value - used.between[i]);
  const cost = (label, list) => [label, share(median(list)), medianInterval(list).map(share).join(' – ')];
  const text = [
    '## The admin address and the control socket',
    `\`npm run bench:admin\` on ${machine()}.`,
    `Answers while the app's JavaScript spins; ${requests} of each, one after the other, on new connections. Target: ${TARGETS.answer}.`,
    table(
      ['', 'median', 'p99'],
      Object.entries(times).map(([kind, list]) => [kind, ms(median(list)), ms(percentile(list, 0.99))]),
    ),
    `CPU of the app's process, in % of a core, with ${WORKERS} idle workers; ${windows} windows of ${seconds} s. The scrapes are on one connection, as Prometheus'. Target for ${1000 / SCRAPE_EACH_MS} scrapes a second: ${TARGETS.cpu}.`,
    table(
      ['', 'median', '95 % interval'],
      [
        cost('nobody has looked yet', used.never),
        cost('nobody looks now; workers still tell how they are', used.between),
        cost('`/metrics` 10 times a second', used.scraped),
        cost('the difference of the last two', extra),
      ],
    ),
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:admin', text);
}

main();
