'use strict';
// A child can write anything into its channel. What it forges harms nobody but itself.

const { start, fixture } = require('../support/cluster');

const child = fixture('forging.js');
const options = { script: fixture('request-failures-app.js') };

const pids = async (app) => [...(await app.workers()), await app.call('alone')].map(({ pid }) => pid);

/** Resolves with the codes of the protocol errors, when everything was heard. */
async function forge(app, target, ...frames) {
  const before = await pids(app);
  await app.call('sendmessage', { ...target, action: 'forge', frames });
  await app.event('message', (_child, message) => message.forged);
  expect(await pids(app)).toEqual(before);
  return app.events('protocolError').map(([, { code }]) => code);
}

async function startForging(fields) {
  const app = await start({ count: 3, exec: child, alone: child, ...fields }, options);
  await app.call('answer');
  return app;
}

const internal = (act, fields) => ({ cmd: 'NODE_CLUSTER', act, ...fields });
const own = (act, fields) => ({ cmd: 'NODE_YUNFLY', act, ...fields });
const request = (fields) => ({
  cmd: 'NODE_YUNFLY_RPC',
  act: 'request',
  id: 'forged',
  to: 'alone',
  action: 'echo',
  from: 'worker',
  pid: 'MY PID',
  ...fields,
});

test('the alone speaks as a worker', async () => {
  const app = await startForging();
  const frames = [
    internal('online'),
    internal('listening', { addressType: 4, port: 80 }),
    internal('close', { key: 'x' }),
    internal('queryServer', { seq: 1, port: 0, addressType: 4 }),
    internal('exitedAfterDisconnect', { seq: 2 }),
    own('serving'),
    own('draining', { reason: 'SIGTERM' }),
    own('drained'),
    own('connections', { servers: [] }),
  ];
  await expect(forge(app, { to: 'alone' }, ...frames)).resolves.toEqual(frames.map(() => 'ERR_MESSAGE_FORBIDDEN'));
  const [, error] = app.events('protocolError')[0];
  expect(error.message).toContain('the alone');
});

test('a worker speaks as the alone, and says that it has drained while it works', async () => {
  const app = await startForging();
  const forbidden = await forge(app, { to: 'worker' }, own('loaded'), own('drained'));
  expect(forbidden).toEqual(['ERR_MESSAGE_FORBIDDEN', 'ERR_MESSAGE_FORBIDDEN']);
});

test.each([
  ['worker', { from: 'app' }],
  ['worker', { from: 'alone' }],
  ['worker', { pid: 1 }],
  ['worker', { from: undefined }],
  ['worker', { pid: undefined }],
  ['worker', { host: 'b' }],
  ['alone', { from: 'app', to: 'app' }],
  ['alone', { to: 'app' }],
])("a request of the %s in another's name: %j", async (role, fields) => {
  const app = await startForging();
  await expect(forge(app, { to: role }, request(fields))).resolves.toEqual(['ERR_MESSAGE_FORBIDDEN']);
});

test("an answer in another's name", async () => {
  const app = await startForging();
  const reply = { cmd: 'NODE_YUNFLY_RPC', act: 'reply', id: 'x', to: 'app', pid: 1, data: 1 };
  await expect(forge(app, { to: 'worker' }, reply)).resolves.toEqual(['ERR_MESSAGE_FORBIDDEN']);
});

const publication = (fields) => ({
  cmd: 'NODE_YUNFLY_TOPIC',
  act: 'publish',
  topic: 'forged',
  from: 'worker',
  pid: 'MY PID',
  ...fields,
});

test("publications in another's name, and frames of topics that are none", async () => {
  const app = await startForging();
  await app.call('subscribe', 'forged');
  const forbidden = [publication({ from: 'app' }), publication({ from: 'alone' }), publication({ pid: 1 })];
  const invalid = [
    publication({ topic: '' }),
    publication({ topic: ['forged'] }),
    publication({ topic: 'x'.repeat(1537) }),
    publication({ act: 'retained' }),
    publication({ act: 'subscribe', id: 'one' }),
  ];
  const fine = publication({ data: 'in its own name' });
  await expect(forge(app, { to: 'worker' }, ...forbidden, ...invalid, fine)).resolves.toEqual([
    ...forbidden.map(() => 'ERR_MESSAGE_FORBIDDEN'),
    ...invalid.map(() => 'ERR_MESSAGE_INVALID'),
  ]);
  await app.event('heard');
  expect(app.events('heard')).toEqual([['in its own name']]);
  await forge(app, { to: 'worker' }, publication({ topic: 'forged', act: 'unsubscribe' }));
  await app.call('publish', 'forged', 'still subscribed');
  await app.event('heard', (value) => value === 'still subscribed');
});

test('what a request says of its answer besides does not get into it', async () => {
  const app = await startForging();
  const leave = { cmd: 'NODE_CLUSTER', act: 'disconnect', type: 'all', seq: 1 };
  for (const to of ['alone', 'app']) {
    const reply = { to: 'worker', worker_pid: 'MY PID', ...leave };
    await expect(forge(app, { to: 'worker' }, request({ to, reply }))).resolves.toEqual([]);
  }
  const [answer] = await app.reported('answered', 2);
  expect(answer).toMatchObject({ cmd: 'NODE_YUNFLY_RPC', act: 'reply', to: 'worker' });
  expect(answer).not.toHaveProperty('seq');
  expect(answer).not.toHaveProperty('type');
});

test("serialization: 'advanced': what is Node's own is no message", async () => {
  const app = await startForging({ serialization: 'advanced' });
  const wrapped = { cmd: 'NODE_YUNFLY_ADV', to: 'app', v8: internal('disconnect') };
  await expect(forge(app, { to: 'worker' }, wrapped)).resolves.toEqual(['ERR_MESSAGE_INVALID']);
  expect(app.events('message').filter(([, message]) => message.cmd)).toEqual([]);
});
