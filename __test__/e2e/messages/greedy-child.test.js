'use strict';
// Whatever a child sends, and however much of it: the app's memory stays within a bound, the master answers, and others go on.

const fs = require('node:fs');
const { floods, whales } = require('../../fixtures/workers/greedy');
const { start, fixture } = require('../support/cluster');

const MIB = 2 ** 20;
const maxMessageBytes = 32 * MIB;
/** Of which the larger part is the app's own JavaScript, where a flood of events is garbage to be collected. */
const MOST = 32 * MIB + maxMessageBytes;
const FLOOD_MS = 150;

const status = (app, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync(`/proc/${app.pid}/status`, 'utf8'))[1]) * 1024;

/** The most memory that the app held while this was done. */
async function peak(app, worker, order, sent) {
  // 5: VmHWM starts anew from what the process holds now (proc(5)).
  fs.writeFileSync(`/proc/${app.pid}/clear_refs`, '5');
  await app.call('sendmessage', { to: 'worker', worker_pid: worker.pid, ...order });
  const { written, isWhole } = await app.report(sent, ({ what }) => what === order.kind);
  expect(isWhole ?? written > 0).toBe(true);
  // The master and the alone answer.
  await app.call('stats');
  const error = await app.call('request', { to: 'alone', action: 'nobody' }).catch(({ code }) => code);
  expect(error).toBe('ERR_NO_HANDLER');
  return status(app, 'VmHWM');
}

async function successor(app, worker) {
  process.kill(worker.pid, 'SIGKILL');
  const [next] = await app.event('workerReady', ({ slot, id }) => slot === worker.slot && id > worker.id);
  await app.event('exit', ({ id }) => id === worker.id);
  return next;
}

// A slot whose workers are killed one after the other is filled without a pause.
const config = {
  exec: fixture('workers/greedy.js'),
  alone: fixture('alone/volume.js'),
  count: 2,
  maxMessageBytes,
  minUptime: 1,
};
const options = { script: fixture('quiet-app.js') };

test.each([
  ['floods', floods, 'flood', 'flooded'],
  ['whales', whales, 'whale', 'sent'],
])('%s', async (_name, kinds, action, sent) => {
  const app = await start(config, options);
  let [greedy] = await app.workers();
  const grown = {};
  let ended = 0;
  for (const kind of Object.keys(kinds)) {
    const order = { action, kind, ms: FLOOD_MS, bytes: maxMessageBytes - 1024 };
    const before = status(app, 'VmRSS');
    grown[kind] = (await peak(app, greedy, order, sent)) - before;
    // What it was answered may keep the master from reading any more of it: the next kind is another one's.
    expect(app.events('exit')).toHaveLength(ended);
    greedy = await successor(app, greedy);
    ended += 1;
  }
  const tooMuch = Object.entries(grown).filter(([, bytes]) => bytes > MOST);
  expect(tooMuch).toEqual([]);
  // None harmed anybody else, or was ended for it.
  const exits = app.events('exit').map(([{ slot }, , signal]) => [slot, signal]);
  expect(exits).toEqual(Array(ended).fill([greedy.slot, 'SIGKILL']));
});
