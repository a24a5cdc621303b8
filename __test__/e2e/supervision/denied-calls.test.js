'use strict';
// System calls that a sandbox denies, or that fail because a limit is reached: service goes on, or the error says why not.

const fs = require('node:fs');
const path = require('node:path');
const { launch, start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { canDeny, canLimitProcesses, denying, ProcessGroup } = require('../support/faults');
const files = require('../support/files');
const { Load } = require('../support/load');
const { until } = require('../support/until');

/** linux/sched.h; asm-generic/socket.h */
const CLONE_VFORK = 0x4000;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_CBPF = 51;

const OPTION = 2;
const noPidfd = ['pidfd_open', 'EPERM'];
const noFilter = ['setsockopt', 'EPERM', [OPTION, SO_ATTACH_FILTER]];
const noSteering = ['setsockopt', 'EPERM', [OPTION, SO_ATTACH_REUSEPORT_CBPF]];
/** What posix_spawn calls; threads are made. */
const noProcess = [
  ['clone', 'EAGAIN', [0, CLONE_VFORK], 'mask'],
  ['clone3', 'ENOSYS'],
  ['vfork', 'EAGAIN'],
];

const describeDenied = canDeny ? describe : describe.skip;

/** A worker is replaced, a reload and (where a socket can be kept from getting new connections) the end lose no request. */
async function expectService(app, endsWithoutLoss) {
  const load = new Load(await app.port(), { atOnce: 4 });
  await load.answered(20);
  const [victim] = await app.workers();
  await app.call('reload');
  await load.answered(20);
  const [, current] = await app.workers();
  process.kill(current.pid, 'SIGKILL');
  await app.event('exit', ({ id }) => id === current.id);
  await app.event('listening', ({ slot, id }) => slot === current.slot && id !== current.id && id !== victim.id);
  const before = load.results.filter(({ status }) => status !== 200);
  await load.answered(20);
  const stopped = endsWithoutLoss ? undefined : await load.stop();
  await app.call('close');
  const results = stopped ?? (await load.refused());
  // Only what the killed worker had is lost.
  expect(before.length).toBeLessThanOrEqual(4);
  const after = results.filter(({ status, error }) => status !== 200 && error?.code !== 'ECONNREFUSED');
  expect(after).toHaveLength(before.length);
  expect(await app.exited).toEqual({ code: 0, signal: null });
}

describeDenied('denied', () => {
  test.each([
    ['pidfd_open', [noPidfd]],
    ['socket filters', [noFilter]],
    ['the choice of a socket in a group', [noSteering]],
    ['all of these', [noPidfd, noFilter, noSteering]],
  ])('%s: workers are replaced, nothing else is lost', async (_what, calls) => {
    const app = await start({ count: 2 }, { command: denying(...calls) });
    if (calls.includes(noSteering))
      await app.event('output', (line) => line.includes("balance 'auto' is 'round-robin'"));
    await expectService(app, !calls.includes(noFilter));
  });

  test('inotify: files are looked at, and changes noticed', async () => {
    const folder = files.scripts({ 'worker.js': `require(${JSON.stringify(fixture('workers/http.js'))});` });
    const app = await start(
      { mode: 'development', exec: path.join(folder, 'worker.js'), watch: [folder], count: 1 },
      { command: denying(['inotify_init1', 'EMFILE']) },
    );
    const [first] = await app.workers();
    await app.event('output', (line) => line.includes('looked at once a second') && line.includes('fs.inotify'));
    // What is written before it is looked at for the first time is no change.
    await until(() => {
      fs.appendFileSync(path.join(folder, 'worker.js'), '// changed\n');
      return app.events('change').length > 0;
    });
    await app.event('listening', ({ id }) => id !== first.id);
  });

  test('no process can be made: the start fails by it', async () => {
    const app = launch({ count: 2 }, { command: denying(...noProcess) });
    const [error] = await app.event('rejected');
    expect([error.code, `${error.message} ${error.cause?.message}`]).toEqual([
      'ERR_START_FAILED',
      expect.stringMatching(/Resource temporarily unavailable|EAGAIN/),
    ]);
    expect(await app.exited).toEqual({ code: 1, signal: null });
  });

  test('no socket can listen: the worker hears it, the start fails by it', async () => {
    const app = launch({ count: 1 }, { command: denying(['listen', 'EMFILE']) });
    const [error] = await app.event('rejected');
    expect([error.code, error.cause.code]).toEqual(['ERR_START_FAILED', 'EMFILE']);
    expect(await app.exited).toEqual({ code: 1, signal: null });
  });
});

(canLimitProcesses ? test : test.skip)(
  'no process can be made for a while: the others serve, and the slot is filled later',
  async () => {
    const group = ProcessGroup.create();
    const app = await start({ count: 2 });
    const port = await app.port();
    const [victim, other] = await app.workers();
    for (const { pid } of [app, victim, other]) group.add(pid);
    group.full = true;
    process.kill(victim.pid, 'SIGKILL');
    await app.event('output', (line) => line.includes('a process could not be started'));
    // It is tried again, at longer and longer intervals.
    await until(() => app.output.split('a process could not be started').length > 3);
    expect(new Set((await requests(port, 10, 2)).map(({ body }) => body.pid))).toEqual(new Set([other.pid]));
    group.full = false;
    await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
    expect(app.events('reachReforkLimit')).toEqual([]);
    await app.call('close');
    await app.gone;
    group.remove();
  },
);
