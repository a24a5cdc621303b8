'use strict';

const { execFile, execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('../support/at-once');
const { start, fixture, runtime } = require('../support/cluster');
const { ask, request, requests } = require('../support/client');
const { script } = require('../support/files');
const { freePort } = require('../support/free-port');
const { Load } = require('../support/load');
const { isAlive, processesWith } = require('../support/processes');
const { socketHolder } = require('../support/service-manager');
const { until } = require('../support/until');

const exec = fixture('workers/service.js');
const alone = fixture('alone/service.js');

describe('a socket that the service manager holds', () => {
  const startHeld = (config) => start({ exec, ...config }, { command: socketHolder });
  const started = (app) => app.events('started').length;
  const appPid = (app) => app.reports('app').at(-1).pid;

  test('the workers serve it, with no second one, and no child sees the variables', async () => {
    const app = await startHeld({ alone });
    const answers = await requests(await app.port(), 60, 8);
    expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set((await app.workers()).map(({ pid }) => pid)));
    const service = await app.reported('service', 3);
    expect(service.map(({ variables }) => variables)).toEqual([[], [], []]);
    const { listeners } = await app.call('stats');
    expect(listeners).toHaveLength(1);
  });

  test.each([[false], [true]])(
    'the app restarts 5 times under load, keep-alive %s: nobody is refused or cut',
    async (keepAlive) => {
      const app = await startHeld();
      const load = new Load(await app.port(), { keepAlive });
      for (let round = 1; round <= 5; round++) {
        await load.answered(100);
        process.kill(appPid(app), 'SIGTERM');
        await app.event('started', () => started(app) === round + 1);
      }
      await load.answered(100);
      const failed = (await load.stop()).filter(({ status }) => status !== 200);
      const takenBy = ({ port }) => app.reports('connection').filter((taken) => taken.port === port);
      expect(failed.map((result) => ({ ...result, takenBy: takenBy(result) }))).toEqual([]);
      expect(app.reports('app')).toHaveLength(6);
    },
  );

  test.each(['SIGTERM', 'SIGKILL'])(
    'who connects while there is no app (%s) waits for the next one',
    async (signal) => {
      const app = await startHeld({ killTimeout: 2000 });
      const port = await app.port();
      const ended = appPid(app);
      app.kill('SIGSTOP'); // the manager: it starts nothing meanwhile
      process.kill(ended, signal);
      await until(() => app.processes().length === 1);
      const asked = await Promise.all(Array.from({ length: 20 }, () => ask(port)));
      app.kill('SIGCONT');
      for (const { answer } of asked) await expect(answer).resolves.toMatch(/^HTTP\/1\.1 200 /);
      await app.event('started', () => started(app) === 2);
      expect(appPid(app)).not.toBe(ended);
    },
  );

  test('it is served through worker deaths, reload and scale', async () => {
    const app = await startHeld({ count: 2, minUptime: 300 });
    const load = new Load(await app.port());
    await app.call('reload');
    await app.call('scale', 3);
    await load.answered(100);
    const results = await load.stop();
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
    const [victim] = await app.workers();
    process.kill(victim.pid, 'SIGKILL');
    await app.event('listening', ({ slot, id }) => slot === victim.slot && id > victim.id);
    await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
  });

  test('a worker may name it by its number', async () => {
    const app = await start({ exec: fixture('workers/listen.js'), args: ['{"fd":3}'] }, { command: socketHolder });
    const answers = await requests(await app.port(), 20, 4);
    expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set((await app.workers()).map(({ pid }) => pid)));
  });

  test('variables that are meant for another process are not taken', async () => {
    // Descriptor 3 is this test's own: it must not be mistaken for a socket.
    const app = await start({ exec, count: 1 }, { env: { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' } });
    await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
    expect(await app.report('service')).toMatchObject({ variables: [] });
  });
});

const has = (tool) => {
  try {
    return Boolean(execFileSync('sh', ['-c', `command -v ${tool}`]));
  } catch {
    return false;
  }
};

if (has('systemd-socket-activate')) {
  test('systemd-socket-activate: the connection that started the app is answered', async () => {
    const port = await freePort();
    const mark = `ACTIVATED=${process.pid}-${port}`;
    const source = `require(${JSON.stringify(require.resolve('../../..'))}).startCluster({
      mode: 'production', exec: ${JSON.stringify(exec)}, count: 2, alone: false, env: { PORT: ${port} } });`;
    const [name, value] = mark.split('=');
    const env = { ...process.env, [name]: value };
    // It hands only those variables on that it is told to.
    const pass = Object.keys(env)
      .filter((key) => key === name || key === 'PATH')
      .flatMap((key) => ['-E', key]);
    const args = ['-l', String(port), ...pass, runtime, script(source)];
    const app = execFile('systemd-socket-activate', args, { env });
    const exited = once(app, 'exit');
    try {
      await expect(until(() => firstAnswer(port))).resolves.toMatchObject({ status: 200 });
      const answers = await requests(port, 40, 8);
      expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
      process.kill(app.pid, 'SIGTERM');
      expect(await exited).toEqual([0, null]);
    } finally {
      for (const { pid } of processesWith(mark)) process.kill(pid, 'SIGKILL');
    }
    expect(isAlive(app.pid)).toBe(false);
  });
}

/** A request; nothing as long as nobody listens. */
function firstAnswer(port) {
  return request(port).catch((error) => {
    if (error.code !== 'ECONNREFUSED') throw error;
  });
}
