'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { connectCluster } = require('../../..');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { listenForNotifications } = require('../support/service-manager');

const exec = fixture('workers/service.js');
const alone = fixture('alone/service.js');

async function startNotifying(config, env) {
  const manager = await listenForNotifications();
  const app = await start({ exec, ...config }, { env: { NOTIFY_SOCKET: manager.file, ...env } });
  return { app, manager };
}

test('the service manager hears READY, RELOADING, READY, STOPPING in order, and children do not know of it', async () => {
  const { app, manager } = await startNotifying({ alone, minUptime: 300 });
  await manager.nth('READY=1');
  await app.call('reload');
  await manager.nth('READY=1', 2);
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  await manager.nth('STOPPING=1');
  expect(manager.states()).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
  // Type=notify-reload wants to know since when.
  const [, reloading] = manager.all();
  expect(reloading.args[0]).toMatch(/^MONOTONIC_USEC=\d+$/);
  expect(app.reports('service').map(({ variables }) => variables)).toEqual(Array(5).fill([]));
});

test('a reload that fails ends with READY, too; close() is STOPPING', async () => {
  const { app, manager } = await startNotifying({ count: 1 });
  await app.call('reload', { exec: fixture('workers/bad.js'), args: ['throws'] });
  await app.call('close');
  await manager.nth('STOPPING=1');
  expect(manager.states()).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
});

test('a reload that is asked for before it is ready tells nothing', async () => {
  const manager = await listenForNotifications();
  const options = { api: 'createCluster', env: { NOTIFY_SOCKET: manager.file } };
  const app = launch({ count: 1, exec: script('setInterval(() => {}, 1000);') }, options);
  const started = expect(app.call('start')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await app.event('fork');
  await expect(app.call('reload')).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
  await app.call('close');
  await started;
  await manager.nth('STOPPING=1');
  expect(manager.states()).toEqual(['STOPPING=1']);
});

test('a reload that is refused while another one is under way tells nothing', async () => {
  const { app, manager } = await startNotifying({ count: 2 });
  const cluster = await connectCluster(app.pid);
  const first = cluster.reload();
  await app.event('fork', ({ id }) => id > 2);
  await expect(cluster.reload()).resolves.toMatchObject({ ok: false, reason: 'under-way' });
  await expect(first).resolves.toMatchObject({ ok: true });
  await app.call('close');
  await manager.nth('STOPPING=1');
  expect(manager.states()).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
});

test("the watchdog is fed by the master's loop, whatever the app's own does", async () => {
  const { app, manager } = await startNotifying({ count: 1 }, { WATCHDOG_USEC: '200000' });
  await manager.nth('WATCHDOG=1', 3);
  const file = path.join(folder(), 'go-on');
  const blocked = app.call('blockUntil', file);
  await app.event('blocking');
  await manager.nth('WATCHDOG=1', manager.watchdogs() + 3);
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
  expect(manager.states()).toEqual(['READY=1']);
});

test('without a watchdog, or with that of another process, it is not fed', async () => {
  const { app, manager } = await startNotifying({ count: 1 }, { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' });
  await app.call('close');
  await manager.nth('STOPPING=1');
  expect(manager.watchdogs()).toBe(0);
});
