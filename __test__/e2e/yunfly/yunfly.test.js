'use strict';
// The package in place of yunfly's own cluster package, called as its framework calls it.

const fs = require('node:fs');
const { launch, fixture } = require('../support/cluster');
const { script } = require('../support/files');
const { freePort, holdPort } = require('../support/free-port');
const { Load } = require('../support/load');
const { firstOf } = require('../support/position');

/** What the framework passes beside what its user writes. */
const ofFramework = (port) => ({
  exec: fixture('workers/yunfly'),
  alone: '',
  args: [JSON.stringify({ port }), '--more'],
  yunflyVerfion: '9.8.7',
  enable: true,
  useAloneWorker: true,
  isWatch: false,
  port: String(port),
  mode: undefined,
});

function run(options, { NODE_ENV = 'production', ...env } = {}, more = {}) {
  return launch(options, { script: fixture('yunfly-app.js'), env: { NODE_ENV, LANG: 'C', ...env }, ...more });
}

const exitOf = async (app) => (await app.exited).code;
const counted = (metrics, type) =>
  Number(new RegExp(`^yunfly_process_exit_total\\{type="${type}"\\} (.*)$`, 'm').exec(metrics)?.[1] ?? 0);

test('it starts, counts ends, reloads and stops, and says so', async () => {
  const port = await freePort();
  const app = run({
    ...ofFramework(port),
    count: '2',
    env: { ONE: '1', GONE: undefined },
    https: false,
    address: '',
    slaves: '',
    duration: 60,
    windowsHide: false,
    title: '',
  });
  const [isThis, pids] = await app.event('started');
  expect({ isThis, workers: pids.length }).toEqual({ isThis: true, workers: 2 });
  expect(firstOf(app.eventNames(), 'returned')).toBeLessThan(firstOf(app.eventNames(), 'workerReady'));
  expect(app.events('returned')).toEqual([[0]]);
  await app.event('ready');
  await app.call('readyAgain');
  await app.event('readyAgain');
  const [{ argv, one }] = await app.reported('begun', 2);
  expect({ argv, one }).toEqual({ argv: [JSON.stringify({ port }), '--more'], one: '1' });
  const [pid] = pids;
  for (const text of [
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] yunfly-@yunflyjs\/cluster-native starts: production, http:\/\/127.0.0.1:\d+/m,
    new RegExp(`a worker was forked: id \\d, pid ${pid};`),
    new RegExp(`a worker listens: id \\d, pid ${pid}, .*"port":${port}`),
    `the app runs at http://127.0.0.1:${port}`,
    '│ id │ name ',
    new RegExp(`│ worker │ 9.8.7   │ [\\d.]+s +│ cluster │ ${pid} +│ listening │`),
  ])
    await app.wrote(text);

  process.kill(pid, 'SIGKILL');
  await app.event('exit', (gone) => gone === pid);
  await app.report('counted');
  expect(counted(await app.call('metrics'), 'worker')).toBe(1);
  await app.event('workerReady', (ready) => !pids.includes(ready));
  await app.wrote(`a worker has ended: id 1, pid ${pid}, code null, signal SIGKILL`);
  await app.wrote(`the worker ended unexpectedly: id 1, pid ${pid}`);

  const load = new Load(port, { atOnce: 4 });
  await load.answered(8);
  const before = await app.call('workers');
  expect(await app.call('reload')).toBe(true);
  expect((await load.stop()).filter(({ status }) => status !== 200)).toEqual([]);
  expect((await app.call('workers')).filter((each) => before.includes(each))).toEqual([]);
  // Those that were replaced are counted, too.
  await app.reported('counted', 3);
  await app.wrote(/\[master\] reloading: worker/);
  await app.event('output', (line) => line.includes('reloaded: worker, after '));

  app.kill('SIGTERM');
  expect(await exitOf(app)).toBe(0);
  await app.gone;
  expect(app.output).toMatch(`[app ${app.pid}] SIGTERM received, closing`);
  expect(app.output).toMatch(`[app ${app.pid}] exits with code 0`);
  // They listen for SIGTERM only to clean up, and their job never ends by itself.
  expect(app.reports('SIGTERM').length).toBe(4);
  expect(app.output).not.toMatch('did not end within killTimeout');
  expect(app.reports('counted').length).toBe(3);
  expect(app.events('warning')).toEqual([]);
});

test('the alone may be a plain script; Chinese where that is the language', async () => {
  const port = await freePort();
  const alone = script("process.stdout.write('plain\\n'); setInterval(() => {}, 1000);");
  const options = { ...ofFramework(port), alone: alone.replace(/\.js$/, ''), count: 1, title: 'shop' };
  const app = run(options, { LANG: 'zh_CN.UTF-8' });
  await app.event('started');
  const first = await app.call('alone');
  await app.wrote(new RegExp(`│ 1 +│ shop │ alone  │ 9.8.7   │ [\\d.]+s +│ fork    │ ${first} +│ ready `));
  await app.wrote('shop 启动成功');
  expect(await app.call('reloadAlone')).toBe(true);
  const second = await app.call('alone');
  expect(second).not.toBe(first);
  expect((await app.report('counted')).type).toBe('alone');
  await app.event('output', (line) => line.includes('[master] alone 重启完成'));
  await app.call('emit', 'reload-alone');
  await app.event('aloneReady', (pid) => ![first, second].includes(pid));
  await app.call('emit', 'close-app');
  expect(await exitOf(app)).toBe(0);
  await app.gone;
  expect(app.output).toMatch(`[app ${app.pid}] 退出，退出码 0`);
});

test('`useAloneWorker: false`: no alone, whose reload then only fails', async () => {
  const port = await freePort();
  const app = run({ ...ofFramework(port), alone: fixture('alone/told.js'), useAloneWorker: false, count: 1 });
  await app.event('started');
  expect(await app.call('alone')).toBe(null);
  expect(await app.call('reloadAlone')).toBe(null);
  await app.event('output', (line) => /not reloaded: alone\. .*this cluster has none/.test(line));
});

test('a port that is taken: said clearly, and who has it stays', async () => {
  const holder = await holdPort();
  const { port } = holder.address();
  const app = run({ ...ofFramework(port), count: 2 });
  expect(await exitOf(app)).toBe(1);
  await app.gone;
  expect(app.output).toMatch(/the port is in use \(EADDRINUSE\)\. Nothing was killed.*EADDRINUSE/);
  expect(holder.listening).toBe(true);
  holder.close();
});

test('it is ready when the port is open, not with another server of the worker', async () => {
  const port = await freePort();
  const exec = script(`
    const http = require('node:http');
    http.createServer().listen(0);
    process.on('message', ({ action }) => action === 'open' && http.createServer().listen(${port}));
  `);
  const app = run({ ...ofFramework(port), exec, count: 2 });
  await app.event('output', (line) => line.includes('a worker listens'));
  await app.call('sendmessage', { to: 'worker', type: 'all', action: 'open' });
  await app.event('started');
  await app.wrote('the app runs at');
  expect(app.output.split('the app runs at')[0].split(`"port":${port}`).length).toBe(3);
});

test('development: nothing ends while the framework watches; its reload starts what has failed', async () => {
  const port = await freePort();
  const exec = script('throw new Error("a mistake")');
  const env = { NODE_ENV: 'development' };
  const app = run({ ...ofFramework(port), exec, isWatch: true, count: 4, refork: true }, env);
  await app.event('crash');
  fs.writeFileSync(exec, `require(${JSON.stringify(fixture('workers/yunfly.js'))})`);
  await app.call('emit', 'reload-worker');
  const [, [pid, ...others]] = await app.event('started');
  expect(others).toEqual([]);
  // When nobody was there to be told of the end, the next worker is.
  await app.report('counted');
  process.kill(pid, 'SIGKILL');
  await app.event('crash', (_pid) => app.events('crash').length === 2);
  expect(await app.call('workers')).toEqual([]);
  expect(await app.call('reload')).toBe(true);
  expect((await app.call('workers')).length).toBe(1);
  await app.reported('counted', 2);
  expect(app.events('warning')).toEqual([]);
});

test('development: a worker that never listens does not hold up the next reload', async () => {
  const port = await freePort();
  const serving = `require(${JSON.stringify(fixture('workers/yunfly.js'))})`;
  const exec = script(serving);
  const app = run({ ...ofFramework(port), exec, isWatch: true }, { NODE_ENV: 'development' });
  await app.event('started');
  fs.writeFileSync(
    exec,
    "require('node:net').createServer(); setInterval(() => {}, 1000); process.stdout.write('hung\\n');",
  );
  const first = app.call('reload');
  await app.event('output', (line) => line === 'hung');
  fs.writeFileSync(exec, serving);
  expect(await app.call('reload')).toBe(true);
  expect(await first).toBe(false);
  expect(app.output).not.toMatch('not reloaded');
});

test("`mode: 'test'`: several workers in development, none forked again", async () => {
  const port = await freePort();
  const app = run({ ...ofFramework(port), mode: 'test', count: 2 }, { NODE_ENV: 'development' });
  const [, pids] = await app.event('started');
  expect(pids.length).toBe(2);
  process.kill(pids[0], 'SIGKILL');
  await app.report('counted');
  expect(await app.call('workers')).toEqual([pids[1]]);
});

test('it ends with code 1 when the channel to its parent closes', async () => {
  const port = await freePort();
  const stdio = ['pipe', 'pipe', 'pipe', 'pipe', 'ipc'];
  const app = run({ ...ofFramework(port), count: 1 }, {}, { stdio });
  await app.event('started');
  await app.call('disconnect');
  expect(await exitOf(app)).toBe(1);
});

test('what has no effect is told, and a port must be given', async () => {
  const port = await freePort();
  const app = run({ ...ofFramework(port), count: 1, slaves: './other.js', duratio: 60 });
  await app.event('warning', ({ message }) => message.includes('`duratio` is not a field'));
  expect(app.events('warning').length).toBe(1);
  const without = run({ ...ofFramework(port), port: undefined });
  expect(await exitOf(without)).toBe(1);
  await without.gone;
  expect(without.output).toMatch(
    '`port` must be the port that the workers listen on, from 1 to 65535, but is undefined',
  );
});
