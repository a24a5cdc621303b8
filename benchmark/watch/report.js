'use strict';

const { table } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median, percentile } = require('../lib/statistics');

/** What a save may cost beyond the delay that was asked for and the app's own boot, in ms. */
const TARGET_MS = 25;

const ms = (value) => `${value.toFixed(0)} ms`;

const METHOD = [
  '- The app is a Koa server (`benchmark/watch/app`) outside of the repository; what is saved is a file that it requires, written',
  '  in place. The time begins before the write and ends when a client has the first answer of the new version. The client asks',
  '  one request after the other, each on a new connection, 2 ms after an answer, a refusal or a cut.',
  '- *boot*: from the start of `node app.js` to its first answer, the same way, once before each save: the machine is shared, and',
  '  its speed changes.',
  '- *beyond*: what is left of a save without the delay and without the boot just before it; the median of these differences. This',
  '  project forks the worker with a preload and an IPC channel that the plain app has not; ending the old worker is in it, too.',
  '- Requests: one each 20 ms beside, on new connections, from a moment before each save until the new version answered. Lost: refused',
  '  or cut.',
  '- `node --watch` waits 200 ms and has no option for it. nodemon waits for nothing by default: a save in two parts starts it twice.',
].join('\n');

const beyond = ({ delay }, { times, boots }) => median(times.map((time, index) => time - delay - boots[index]));

/** The section of docs/benchmarks.md; `results`: `{ times, boots, asked, lost }` of each peer, times in ms. */
function report(results, { rounds, savesPerRound, load }) {
  const rows = [...results].map(([peer, found]) => [
    peer.label,
    ms(peer.delay),
    ms(median(found.times)),
    ms(percentile(found.times, 0.9)),
    ms(median(found.boots)),
    ms(beyond(peer, found)),
    `${found.lost} of ${found.asked}`,
  ]);
  const ours = [...results].filter(([peer]) => peer.isOurs);
  const targets = ours.flatMap(([peer, found]) => [
    [
      `${peer.label}: beyond the delay and the boot`,
      `≤ ${TARGET_MS} ms`,
      ms(beyond(peer, found)),
      beyond(peer, found) <= TARGET_MS,
    ],
    [`${peer.label}: requests lost`, '0', String(found.lost), found.lost === 0],
  ]);
  return [
    '## Development: from a save to its answer',
    '`npm run bench:watch` writes this section.',
    `${machine()}. Interleaved rounds: ${rounds}, with ${savesPerRound} saves each; load average before: ${load.toFixed(1)}.`,
    table(
      ['', 'target', 'measured', ''],
      targets.map(([what, target, measured, isReached]) => [
        what,
        target,
        measured,
        isReached ? 'reached' : '**not reached**',
      ]),
    ),
    table(['', 'delay', 'save → answer, median', '90 % within', 'boot, median', 'beyond both', 'requests lost'], rows),
    `How it is measured:\n\n${METHOD}`,
  ].join('\n\n');
}

module.exports = { report };
