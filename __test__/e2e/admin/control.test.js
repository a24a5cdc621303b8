'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { connectCluster, listClusters } = require('../../..');
const { knownPaths } = require('../../../lib/native/control-path');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { start, launch, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { Load } = require('../support/load');
const { until } = require('../support/until');

/** As it is now: others come and go. */
const pidsOfAll = async () => (await listClusters()).map(({ pid }) => pid);

async function startControlled(config, options) {
  const app = await start(config, options);
  return { app, cluster: await connectCluster(app.pid) };
}

test("a cluster is found, asked and told while the app's JavaScript stands still", async () => {
  const { app, cluster } = await startControlled({ count: 2, title: 'controlled' });
  expect(cluster).toMatchObject({ title: 'controlled', pid: app.pid });
  const before = (await app.workers()).map(({ pid }) => pid);
  const file = path.join(folder(), 'go-on');
  const blocked = app.call('blockUntil', file);
  await app.event('blocking');

  await expect(pidsOfAll()).resolves.toContain(app.pid);
  await expect(cluster.isReady()).resolves.toBe(true);
  await expect(cluster.stats()).resolves.toMatchObject({ title: 'controlled', workers: { listening: 2 } });
  await expect(cluster.metrics()).resolves.toContain('cluster_native_workers{state="listening"} 2');
  const report = await cluster.reload();
  expect(report).toEqual({
    ok: true,
    replaced: [1, 2].map((slot) => ({
      slot,
      oldPid: before[slot - 1],
      newPid: expect.any(Number),
      readyAfter: expect.any(Number),
      drainedAfter: expect.any(Number),
      connections: 0,
    })),
  });
  await cluster.scale(3);
  await expect(cluster.stats()).resolves.toMatchObject({ workers: { listening: 3 } });
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
  // Afterwards the app hears of it, as of any reload that it did not ask for.
  const [heard] = await app.event('reload');
  expect(heard.replaced).toEqual(report.replaced);
  await expect(app.workers()).resolves.toHaveLength(3);
});

test('a reload loses no request, and the next one of the app waits for it', async () => {
  const { app, cluster } = await startControlled({ count: 2 });
  const load = new Load(await app.port(), { atOnce: 8 });
  await load.answered(20);
  const told = cluster.reload();
  await app.event('fork', ({ id }) => id > 2);
  await expect(cluster.reload()).resolves.toMatchObject({ ok: false, reason: 'under-way', replaced: [] });
  const own = app.call('reload');
  await expect(told).resolves.toMatchObject({ ok: true });
  await expect(own).resolves.toMatchObject({ ok: true });
  await load.answered(20);
  expect((await load.stop()).filter(({ status }) => status !== 200)).toEqual([]);
  expect(app.events('reload').map(([{ ok }]) => ok)).toEqual([true, true]);
});

test('a reload with options; what is wrong with them is told, as reload() would', async () => {
  const { app, cluster } = await startControlled({ count: 1 });
  await expect(cluster.reload({ exec: '/nowhere.js' })).rejects.toMatchObject({
    name: 'ClusterError',
    code: 'ERR_RELOAD_INVALID',
    message: expect.stringContaining('/nowhere.js'),
  });
  const exec = script("require('http').createServer((q, s) => s.end(process.env.SAID ?? 'nothing')).listen(0)");
  const says = () => request(app.events('listening').at(-1)[1].port);
  await expect(cluster.reload({ exec, env: { SAID: 'again' } })).resolves.toMatchObject({ ok: true });
  await expect(says()).resolves.toMatchObject({ text: 'again' });
  await expect(cluster.reload({ env: { SAID: undefined } })).resolves.toMatchObject({ ok: true });
  await expect(says()).resolves.toMatchObject({ text: 'nothing' });
  await expect(cluster.reload({ exec: script('process.exit(3)') })).resolves.toMatchObject({
    ok: false,
    reason: 'did-not-stay',
    error: { code: 'ERR_RELOAD_FAILED' },
  });
});

test('a reload that fails natively says which process failed, and why', async () => {
  const flag = path.join(folder(), 'bad');
  const env = { BAD: 'throws', BAD_FLAG: flag, BAD_INSTANCES: '0,1' };
  const { cluster } = await startControlled({ exec: fixture('workers/turning-bad.js'), count: 2, env });
  fs.writeFileSync(flag, '');
  const { ok, reason, error } = await cluster.reload();
  expect({ ok, reason, code: error.code }).toEqual({ ok: false, reason: 'did-not-stay', code: 'ERR_RELOAD_FAILED' });
  expect(error.message).toMatch(/^the new worker of slot 1 \(pid \d+\) ended before it was ready: bad on purpose/);
});

test('a plain reload replaces what `reloadTarget` says, as it was launched last', async () => {
  const alone = script(
    "require('fs').writeFileSync(process.env.FILE, process.env.SAID ?? ''); setInterval(() => {}, 1000)",
  );
  const file = path.join(folder(), 'said');
  const { app, cluster } = await startControlled({ count: 1, alone, reloadTarget: 'all', env: { FILE: file } });
  await expect(cluster.reload({ target: 'alone', env: { SAID: 'again' } })).resolves.toMatchObject({ ok: true });
  expect(fs.readFileSync(file, 'utf8')).toBe('again');
  fs.rmSync(file);
  const { replaced } = await cluster.reload();
  expect(replaced.map(({ slot }) => slot)).toEqual([null, 1]);
  expect(fs.readFileSync(file, 'utf8')).toBe('again');

  // One that is refused meanwhile changes nothing of what the other one leaves.
  const last = Math.max(...app.events('fork').map(([{ id }]) => id));
  const third = cluster.reload({ env: { SAID: 'for the third time' } });
  await app.event('fork', ({ id }) => id > last);
  await expect(cluster.reload()).resolves.toMatchObject({ reason: 'under-way' });
  await third;
  await cluster.reload();
  expect(fs.readFileSync(file, 'utf8')).toBe('for the third time');
  await app.call('close');
});

test('kill() and stop()', async () => {
  const { app, cluster } = await startControlled({ count: 2 });
  const [victim] = await app.workers();
  await expect(cluster.kill(victim.slot)).resolves.toBe(victim.pid);
  const [, code, signal] = await app.event('exit', ({ id }) => id === victim.id);
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  const { events, last } = await cluster.events();
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['ready', 'exit']));
  const exit = events.find(({ type }) => type === 'exit');
  expect(exit).toMatchObject({ process: { slot: victim.slot, pid: victim.pid }, signal: 'SIGKILL', reason: 'kill' });
  await expect(cluster.events(last)).resolves.toMatchObject({ last, events: [] });
  await expect(cluster.kill(9)).rejects.toMatchObject({ code: 'ERR_NO_SUCH_SLOT' });
  await expect(cluster.scale(0)).rejects.toMatchObject({ code: 'ERR_SCALE_INVALID' });
  await expect(cluster.reload({ target: 'all' })).rejects.toMatchObject({ code: 'ERR_NO_ALONE' });
  await cluster.stop();
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  await expect(cluster.stats()).rejects.toMatchObject({ code: 'ERR_CLUSTER_NOT_FOUND' });
});

test('who is not there is not found; of two of a name a pid is wanted', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => start({ count: 1, title: 'twin' })));
  await expect(connectCluster('twin')).rejects.toMatchObject({
    code: 'ERR_CLUSTER_NOT_FOUND',
    message: expect.stringMatching(/^There is more than one cluster 'twin'.*Give a pid\.$/),
  });
  await expect(connectCluster(two.pid)).resolves.toMatchObject({ title: 'twin', pid: two.pid });
  await expect(connectCluster('nobody')).rejects.toMatchObject({
    code: 'ERR_CLUSTER_NOT_FOUND',
    message: expect.stringContaining(`twin (pid ${one.pid})`),
  });
  await expect(connectCluster({})).rejects.toMatchObject({ code: 'ERR_CLUSTER_NOT_FOUND' });
});

test('`control: false`: there is none', async () => {
  const app = await start({ count: 1, control: false });
  await expect(pidsOfAll()).resolves.not.toContain(app.pid);
});

const asRoot = process.platform === 'linux' && process.getuid() === 0 ? test : test.skip;

asRoot('another user, and another container, gets nothing', async () => {
  const app = await start({ count: 1 });
  const name = knownPaths().find((each) => each.includes(`.${app.pid}.`));
  // Plain Node: an abstract socket has no permissions, anybody can connect.
  const code = `
    const { connectControl } = require(${JSON.stringify(require.resolve('../../../native.js'))});
    const fd = connectControl(${JSON.stringify(name)});
    if (fd < 0) throw new Error('not connected: ' + fd);
    const socket = new (require('net').Socket)({ fd });
    socket.on('error', () => {});
    socket.on('close', () => console.log('@"' + (socket.bytesRead ? 'answered' : 'closed') + '"'));
    socket.write('GET /stats HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n');
    socket.resume();`;
  const ask = async (command) => {
    const asker = launch({}, { commandLine: [...command, process.execPath, '-e', code] });
    const [answer] = await asker.event('report');
    await asker.gone;
    return answer;
  };
  expect(await ask([])).toBe('answered');
  expect(await ask(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'])).toBe('closed');
  expect(await ask(['unshare', '--mount'])).toBe('closed');
});

test('an app that is stopped: orders are refused as questions are, and do not wait for ever', async () => {
  const { app, cluster } = await startControlled({ count: 1 });
  app.kill('SIGSTOP');
  // What came before the signal is answered yet.
  const question = await until(() =>
    cluster.stats().then(
      () => undefined,
      (error) => error,
    ),
  );
  const orders = [cluster.stop(), cluster.kill(1), cluster.scale(2), cluster.reload()];
  const outcomes = [question, ...(await Promise.allSettled(orders)).map(({ reason }) => reason)];
  app.kill('SIGCONT');
  expect(outcomes.map((error) => error?.code)).toEqual(Array(5).fill('ERR_CONTROL_FAILED'));
});
