'use strict';

const fs = require('node:fs');
const { test } = require('../support/at-once');
const { start } = require('../support/cluster');
const { until } = require('../support/until');

/** Runs an app where `file` is not what it was: nobody can run it. */
const without = (file) => [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount --bind /dev/null ${file} && exec "$@"`,
  'sh',
];

/** The children of a process: `{ pid, state, command }`. One that is dead and was not reaped is among them. */
function children(parent) {
  const found = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [state, ppid] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
        return Number(ppid) === parent
          ? [{ pid: Number(pid), state, command: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') }]
          : [];
      } catch {
        return []; // it ended meanwhile
      }
    });
  return found.sort((one, other) => one.pid - other.pid);
}

/** The app's guard that is none of `others`. */
const guard = (app, others = []) =>
  until(() => children(app.pid).find(({ pid, command }) => command.includes(':guard') && !others.includes(pid)));

/** Blocks the first worker for good. */
async function blockOne(app) {
  const [stuck] = await app.workers();
  await app.control(stuck, 'block');
  await app.report('blocking');
}

test('where no guard can be started this is said once', async () => {
  const app = await start({ count: 1 }, { command: without('/bin/sh') });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('listening', ({ id }) => id !== victim.id);
  await app.stop();
  expect(app.output.match(/no guard/g)).toHaveLength(1);
});

if (process.platform === 'linux') {
  test('one that is killed is reaped, which is logged, and another one knows the same processes', async () => {
    const app = await start({ count: 1, killTimeout: 1000 });
    const killed = [];
    for (let time = 0; time < 3; time++) {
      killed.push((await guard(app, killed)).pid);
      process.kill(killed.at(-1), 'SIGKILL');
      await until(() => !fs.existsSync(`/proc/${killed.at(-1)}`));
    }
    await guard(app, killed);
    await until(() => app.output.match(/the guard has ended.*signal=9/g)?.length === 3);
    await blockOne(app);
    app.kill('SIGKILL');
    await app.gone;
    expect(app.processes()).toEqual([]);
  });

  test('one that is killed while the app ends is not waited for', async () => {
    const app = await start({ count: 1 });
    const { pid } = await guard(app);
    process.kill(pid, 'SIGSTOP');
    app.kill('SIGTERM');
    process.kill(pid, 'SIGKILL');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  });

  test('what is stuck has its killTimeout also where there is no `sleep`', async () => {
    const app = await start({ count: 1, killTimeout: 2000 }, { command: without('/bin/sleep') });
    await blockOne(app);
    const killed = Date.now();
    // `unshare` and `sh` have become the app.
    app.kill('SIGKILL');
    await app.gone;
    expect(Date.now() - killed).toBeGreaterThanOrEqual(2000);
    expect(app.processes()).toEqual([]);
  });
}
