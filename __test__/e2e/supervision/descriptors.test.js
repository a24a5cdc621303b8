'use strict';
// A process that has no descriptor left.

const { execFileSync } = require('node:child_process');
const { start, fixture } = require('../support/cluster');
const { ask, requests } = require('../support/client');
const { until } = require('../support/until');

const MOST = 60;

/** prlimit(1) is Linux's. */
const onLinux = process.platform === 'linux' ? test : test.skip;

/** The soft limit only, so that it can be raised again. */
const limit = ({ pid }, most = MOST) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);

onLinux.each(['auto', 'round-robin'])(
  '%s: who connects to workers without descriptors is served when they have some',
  async (balance) => {
    const app = await start({ count: 2, balance });
    const port = await app.port();
    const workers = await app.workers();
    for (const worker of workers) {
      limit(worker);
      await app.control(worker, 'exhaustDescriptors');
    }
    for (const { pid } of workers)
      await app.report('exhausted', (report) => report.pid === pid && report.code === 'EMFILE');
    const waiting = await Promise.all(Array.from({ length: 4 }, () => ask(port)));
    // Each was offered a connection again and again.
    await until(() => new Set(app.events('protocolError').map(([{ pid }]) => pid)).size === 2);
    for (const worker of workers) await app.control(worker, 'freeDescriptors');
    for (const { answer } of waiting) expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    // One that refused is asked again within a second.
    await until(async () => new Set((await requests(port, 20, 4)).map(({ body }) => body.pid)).size === 2);
    expect(app.events('protocolError').every(([, { code }]) => code === 'ERR_HANDLE_REFUSED')).toBe(true);
    expect(app.events('exit')).toEqual([]);
  },
);

onLinux('a slot whose worker died while the app has no descriptor gets another when it has some', async () => {
  const app = await start({ count: 2 });
  const port = await app.port();
  const [victim] = await app.workers();
  limit(app, 3);
  process.kill(victim.pid, 'SIGKILL');
  await app.event('output', (line) => line.includes('a process could not be started'));
  // Nothing can be accepted either: it waits.
  const waiting = await ask(port);
  limit(app, 1024);
  await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
  expect(await waiting.answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(app.events('reachReforkLimit')).toEqual([]);
});

onLinux.each(['auto', 'round-robin', 'shared'])(
  '%s: listening sockets leave descriptors for new processes',
  async (balance) => {
    const exec = fixture('workers/many-sockets.js');
    const app = await start(
      { exec, balance, count: 1, env: { COUNT: '300' } },
      { command: ['prlimit', '--nofile=256:256'] },
    );
    const { listening, errors } = await app.report('settled');
    expect(listening).toBeGreaterThan(50);
    expect(errors).toEqual(['EMFILE']);
    for (let i = 0; i < 3; i++) {
      const [victim] = await app.workers();
      process.kill(victim.pid, 'SIGKILL');
      await app.event('listening', ({ id }) => id > victim.id);
    }
    expect(app.output).not.toContain('a process could not be started');
  },
);
