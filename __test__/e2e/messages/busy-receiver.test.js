'use strict';
// A receiver that takes nothing for a while: its senders hold back what they have for it, and everything else goes on, the serving of
// connections above all. Nothing is lost.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { folder } = require('../support/files');
const { until } = require('../support/until');

const config = { count: 3, exec: fixture('workers/telling.js'), alone: fixture('alone/told.js'), killTimeout: 4000 };

const tell = (app, workers, target) =>
  Promise.all(
    workers.map(({ pid }) => app.call('sendmessage', { to: 'worker', worker_pid: pid, action: 'tell', target })),
  );

const slowed = async (app, workers) => {
  const pids = (await app.reported('slowed', workers.length)).map(({ pid }) => pid);
  expect(pids.sort()).toEqual(workers.map(({ pid }) => pid).sort());
};

/** Each sender sent everything, and the receiver has it in order. */
async function everythingArrives(app, workers) {
  await app.call('sendmessage', { to: 'worker', type: 'all', action: 'enough' });
  const told = await app.reported('told', workers.length);
  expect(told.map(({ isWhole }) => isWhole)).toEqual(workers.map(() => true));
}

describe.each(['auto', 'round-robin'])('balance %s', (balance) => {
  test('while the alone stands still its senders serve', async () => {
    const app = await start({ ...config, balance });
    const [workers, port, alone] = [await app.workers(), await app.port(), await app.call('alone')];
    process.kill(alone.pid, 'SIGSTOP');
    await tell(app, workers, { to: 'alone' });
    await slowed(app, workers);
    const answers = await requests(port, 60, 6);
    expect(new Set(answers.map(({ text }) => Number(text)))).toEqual(new Set(workers.map(({ pid }) => pid)));
    process.kill(alone.pid, 'SIGCONT');
    await everythingArrives(app, workers);
    expect(app.events('undeliverable')).toEqual([]);
  });
});

test.each([
  ['messages to it', { to: 'app' }],
  ['messages that reach nobody, of which it is to hear', { to: 'alone' }],
])('while the app stands still its senders serve: %s', async (_what, target) => {
  const app = await start({ ...config, alone: false }, { script: fixture('told-app.js') });
  const [workers, port] = [await app.workers(), await app.port()];
  await tell(app, workers, target);
  const file = path.join(folder(), 'go-on');
  const blocked = app.call('blockUntil', file);
  await slowed(app, workers);
  const answers = await requests(port, 60, 6);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
  if (target.to === 'app') await everythingArrives(app, workers);
});

test('what its senders held back reaches the successor of an alone that stood still and died', async () => {
  const app = await start(config);
  const [workers, alone] = [await app.workers(), await app.call('alone')];
  process.kill(alone.pid, 'SIGSTOP');
  // Twice what waits for an alone that is not there.
  const tell = ({ pid }) =>
    app.call('sendmessage', { to: 'worker', worker_pid: pid, action: 'tell', target: { to: 'alone' }, count: 1100 });
  await Promise.all(workers.map(tell));
  await app.reported('toldAll', workers.length);
  await slowed(app, workers);
  process.kill(alone.pid, 'SIGKILL');
  await app.call('sendmessage', { to: 'worker', type: 'all', action: 'enough' });
  const told = await app.reported('told', workers.length);
  expect(told.map(({ isUnbroken }) => isUnbroken)).toEqual(workers.map(() => true));
  expect(app.events('undeliverable')).toEqual([]);
});

test('a worker that stands still does not hold up the end of its senders', async () => {
  const app = await start(config);
  const [stopped, ...others] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  await tell(app, others, { to: 'worker', worker_pid: stopped.pid });
  await slowed(app, others);
  app.kill('SIGTERM');
  await app.event('exit', ({ pid }) => pid === stopped.pid);
  const exits = app.events('exit');
  const ends = others.map(({ pid }) => exits.find(([worker]) => worker.pid === pid).slice(1));
  expect(ends).toEqual([
    [0, null],
    [0, null],
  ]);
  // What the master had for the stopped one by then.
  const undeliverable = app.events('undeliverable').filter(([, { from }]) => from !== undefined);
  expect(undeliverable.length).toBeGreaterThan(0);
  expect(new Set(undeliverable.map(([, , reason]) => reason))).toEqual(new Set(['gone']));
});

test('messages to any worker go to those that keep up', async () => {
  const app = await start(config);
  const [stopped, sender] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  await tell(app, [sender], { to: 'worker' });
  const children = async () => (await app.call('stats')).children;
  const of = async ({ pid }) => (await children()).find((child) => child.pid === pid);
  await until(async () => (await of(stopped)).queuedBytes > 2 ** 20);
  const { received } = await of(sender);
  await until(async () => (await of(sender)).received > received + 200);
  expect(app.reports('slowed')).toEqual([]);
  process.kill(stopped.pid, 'SIGCONT');
});

test('requests to all workers that wait for a stalled one do not delay messages to all', async () => {
  const app = await start({ ...config, exec: fixture('workers/asking-all.js'), alone: false });
  const [stopped, sender, other] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  await app.call('sendmessage', { to: 'worker', worker_pid: sender.pid, action: 'ask' });
  await app.reported('asked', 1);
  await app.call('sendmessage', { to: 'worker', worker_pid: sender.pid, action: 'tell' });
  const heard = await app.reported('heard', 2);
  expect(heard.map(({ pid }) => pid).sort()).toEqual([sender.pid, other.pid].sort());
  process.kill(stopped.pid, 'SIGCONT');
  // Nobody misses anything.
  await app.reported('heard', 3);
  expect(await app.reported('answered', 1)).toMatchObject([{ answers: 3 * 20 }]);
});

test('messages that wait for one receiver do not delay messages to another', async () => {
  const app = await start(config);
  const [stopped, other] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  await tell(app, [other], { to: 'worker', worker_pid: stopped.pid });
  await slowed(app, [other]);
  const answer = await app
    .call('request', { to: 'worker', worker_pid: other.pid, action: 'nobody' })
    .catch((error) => error);
  expect(answer.code).toBe('ERR_NO_HANDLER');
  process.kill(stopped.pid, 'SIGCONT');
});
