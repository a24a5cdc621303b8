'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { folder } = require('../support/files');

const alone = fixture('alone/reporting.js');

/** Kills the app; resolves when every process of it is gone ('close' of its output, see RunningApp). */
async function killApp(app) {
  app.kill('SIGKILL');
  await expect(app.gone).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  expect(app.processes()).toEqual([]);
}

test('workers and alone end with the app', async () => {
  const app = await start({ count: 2, alone });
  expect(app.processes()).toHaveLength(4);
  await killApp(app);
});

test('a request under way is still answered', async () => {
  const app = await start({ count: 1 });
  const slow = request(await app.port(), '/slow?ms=700');
  await app.report('slow');
  app.kill('SIGKILL');
  await expect(slow).resolves.toMatchObject({ status: 200 });
  await app.gone;
});

test('also one worker in an endless loop, one that is stopped, and an alone in an endless loop', async () => {
  const app = await start({ count: 3, alone, killTimeout: 1000 });
  const [stuck, stopped] = await app.workers();
  await app.control(stuck, 'loop');
  await app.report('looping');
  await app.call('sendmessage', { to: 'alone', action: 'control', order: 'block' });
  await app.report('blocking');
  process.kill(stopped.pid, 'SIGSTOP');
  await killApp(app);
});

test.each(['aloneReady', 'fork', 'online', 'listening'])('killed while it starts, at %s', async (moment) => {
  const app = launch({ count: 3, alone });
  await app.event(moment);
  await killApp(app);
});

test('process.exit() in the app', async () => {
  const app = await start({ count: 2, alone });
  app.call('exit', 3).catch(() => {});
  await expect(app.gone).resolves.toEqual({ code: 3, signal: null });
  expect(app.processes()).toEqual([]);
});

test("while the app's own JS is blocked, a killed worker is replaced and messages are routed", async () => {
  const app = await start({ count: 2, alone });
  const port = await app.port();
  const [victim, other] = await app.workers();
  const file = path.join(folder(), 'go-on');
  const blocked = app.call('blockUntil', file);
  await app.event('blocking');
  process.kill(victim.pid, 'SIGKILL');
  // Told by the new worker itself; the app cannot tell anything yet.
  const successor = await app.report('listening', ({ pid }) => pid !== victim.pid && pid !== other.pid);
  await expect(request(port, '/message')).resolves.toMatchObject({ status: 200 });
  await app.report('aloneMessage', ({ message }) => message.action === 'asked');
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
  await app.event('listening', (worker) => worker.pid === successor.pid);
});
