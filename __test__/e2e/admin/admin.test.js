'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { start, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { Load } = require('../support/load');
const { until } = require('../support/until');

async function startWatched({ admin, ...config } = {}, options) {
  const app = await start({ admin: { port: 0, ...admin }, ...config }, options);
  const { port } = await app.call('adminAddress');
  return { app, ask: (url, headers) => request(port, url, { headers }), port };
}

/** Each metric's samples: `{ name: [[labels, value], …] }`. */
function samples(text) {
  const found = {};
  for (const line of text.split('\n').filter((each) => each && !each.startsWith('#'))) {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    (found[name] ??= []).push([labels, Number(value)]);
  }
  return found;
}

test("it answers while the app's JavaScript stands still", async () => {
  const { app, ask } = await startWatched({ count: 2 });
  const file = path.join(folder(), 'go-on');
  const blocked = app.call('blockUntil', file);
  await app.event('blocking');
  await expect(ask('/livez')).resolves.toMatchObject({ status: 200, text: 'alive\n' });
  await expect(ask('/readyz')).resolves.toMatchObject({ status: 200, text: 'ready\n' });
  const stats = await ask('/stats');
  expect(stats).toMatchObject({ status: 200, body: { state: 'running', ready: true, workers: { listening: 2 } } });
  const metrics = await ask('/metrics');
  expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(samples(metrics.text).cluster_native_workers).toContainEqual(['state="listening"', 2]);
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
});

// The port that the system chose for one is named by the other.
test('what waits at a socket that two servers share is told once', async () => {
  const file = path.join(folder(), 'port');
  const exec = script(`
    const { renameSync, readFileSync, writeFileSync } = require('node:fs');
    const server = require('node:net').createServer();
    const tell = () => {
      writeFileSync(${JSON.stringify(`${file}.new`)}, String(server.address().port));
      renameSync(${JSON.stringify(`${file}.new`)}, ${JSON.stringify(file)});
    };
    const ask = () => {
      try {
        server.listen(Number(readFileSync(${JSON.stringify(file)})), '127.0.0.1');
      } catch {
        setTimeout(ask, 20);
      }
    };
    if (process.env.NODE_APP_INSTANCE === '0') server.listen(0, '127.0.0.1', tell);
    else ask();`);
  const { app, ask } = await startWatched({ exec, count: 2, balance: 'shared' });
  const pids = (await app.workers()).map(({ pid }) => pid);
  const port = Number(fs.readFileSync(file));
  pids.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  const clients = [1, 2, 3].map(() => net.connect(port, '127.0.0.1'));
  try {
    await Promise.all(clients.map((client) => once(client, 'connect')));
    const told = samples((await ask('/metrics')).text).cluster_native_connections_queued;
    expect(told).toEqual([[`address="127.0.0.1:${port}"`, 3]]);
  } finally {
    pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
    clients.forEach((client) => client.destroy());
  }
});

test('what happens is counted, and how the processes are doing is told', async () => {
  const { app, ask } = await startWatched({ count: 2, alone: fixture('alone/service.js') });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('listening', ({ id, slot }) => slot === victim.slot && id !== victim.id);
  await app.call('reload');
  const told = samples((await ask('/metrics')).text);
  expect(told.cluster_native_forks_total).toEqual([
    ['role="alone"', 1],
    ['role="worker"', 5],
  ]);
  expect(told.cluster_native_reforks_total).toContainEqual(['role="worker"', 1]);
  expect(told.cluster_native_exits_total).toContainEqual(['role="worker",reason="SIGKILL"', 1]);
  expect(told.cluster_native_exits_total).toContainEqual(['role="worker",reason="reload"', 2]);
  expect(told.cluster_native_reloads_total).toContainEqual(['result="ok"', 1]);
  expect(told.cluster_native_ready_seconds_count).toContainEqual(['role="worker"', 5]);

  await request(await app.port());
  const slots = ['role="alone",slot="0"', 'role="worker",slot="1"', 'role="worker",slot="2"'];
  const alive = await until(async () => {
    const now = samples((await ask('/metrics')).text);
    return now.cluster_native_process_heap_used_bytes?.length === 3 && now;
  });
  for (const name of ['heap_used_bytes', 'heap_bytes', 'external_bytes', 'event_loop_utilization_ratio']) {
    expect(alive[`cluster_native_process_${name}`].map(([labels]) => labels)).toEqual(slots);
  }
  const utilization = alive.cluster_native_process_event_loop_utilization_ratio.map(([, ratio]) => ratio);
  for (const ratio of utilization) expect(ratio >= 0 && ratio <= 1).toBe(true);
  for (const of of ['p50', 'p99', 'max']) {
    expect(alive[`cluster_native_process_event_loop_delay_${of}_seconds`]).toHaveLength(3);
  }
  if (process.platform === 'linux') {
    const memory = alive.cluster_native_process_resident_memory_bytes;
    expect(memory.map(([labels]) => labels)).toEqual(['role="app",slot="0"', ...slots]);
    for (const [, bytes] of memory) expect(bytes).toBeGreaterThan(10_000_000);
  }
  const stats = await app.call('stats');
  expect(stats.children.map(({ vitals }) => Object.keys(vitals))).toEqual(
    Array(3).fill(['utilization', 'delay', 'heapUsed', 'heapTotal', 'external']),
  );
  expect(stats.counts.forks).toEqual({ alone: 1, worker: 5 });
});

test('from the first 503 of /readyz on a balancer sends nothing more, and no request has failed', async () => {
  const { app, ask, port } = await startWatched({ count: 2, shutdownDelay: 5000 });
  const shared = await app.port();
  const loads = [true, false].map((keepAlive) => new Load(shared, { atOnce: 8, keepAlive }));
  await Promise.all(loads.map((load) => load.answered(50)));
  app.kill('SIGTERM');
  await until(async () => (await ask('/readyz')).status === 503);
  await expect(ask('/livez')).resolves.toMatchObject({ status: 200 });
  await expect(ask('/readyz')).resolves.toMatchObject({ status: 503, text: 'stopping\n' });
  const results = await Promise.all(loads.map((load) => load.stop()));
  expect(results.flat().filter(({ status }) => status !== 200)).toEqual([]);
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  await expect(request(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('`readyWorkers` must listen for /readyz', async () => {
  const { app, ask } = await startWatched({ count: 2, refork: false, admin: { readyWorkers: 2 } });
  await expect(ask('/readyz')).resolves.toMatchObject({ status: 200 });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('exit', ({ id }) => id === victim.id);
  await expect(ask('/readyz')).resolves.toMatchObject({ status: 503, text: 'running\n' });
  await expect(ask('/livez')).resolves.toMatchObject({ status: 200 });
});

test('with fewer workers than `readyWorkers`, by scale(), all of them are enough', async () => {
  const { app, ask } = await startWatched({ count: 2, admin: { readyWorkers: 2 } });
  await app.call('scale', 1);
  await expect(ask('/readyz')).resolves.toMatchObject({ status: 200 });
});

test('a worker that stood by is told by its slot once it has one', async () => {
  const { app, ask } = await startWatched({ count: 2, standby: 1 });
  await app.event('standby');
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  const [taker] = await app.event('listening', ({ id, slot }) => slot === victim.slot && id !== victim.id);
  const { children } = (await ask('/stats')).body;
  expect(children.find(({ id, role }) => role === 'worker' && id === taker.id)).toMatchObject({ slot: victim.slot });
});

test('off loopback only what probes need is told, unless `page` says otherwise', async () => {
  for (const page of [false, true]) {
    const { ask } = await startWatched({ count: 1, admin: { host: '0.0.0.0', page } });
    for (const url of ['/livez', '/readyz', '/metrics']) expect((await ask(url)).status).toBe(200);
    for (const url of ['/', '/stats', '/events']) expect((await ask(url)).status).toBe(page ? 200 : 403);
  }
});

test('a name that is not allowed reads nothing', async () => {
  const { ask } = await startWatched({ count: 1, admin: { allowedHosts: ['metrics.internal'] } });
  for (const url of ['/metrics', '/stats']) {
    await expect(ask(url, { host: 'evil.example' })).resolves.toMatchObject({
      status: 403,
      text: expect.stringContaining('admin.allowedHosts'),
    });
    expect((await ask(url, { host: 'metrics.internal:9100' })).status).toBe(200);
  }
  expect((await ask('/readyz', { host: 'evil.example' })).status).toBe(200);
});

test('OpenMetrics for who asks for it', async () => {
  const { ask } = await startWatched({ count: 1 });
  const { headers, text } = await ask('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
  expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text).toMatch(/^# TYPE cluster_native_forks counter$/m);
  expect(text).toMatch(/# EOF\n$/);
});
