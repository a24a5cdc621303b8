'use strict';
// Requests to other hosts of the fleet, and jobs: what is sent, and how they end by what the master says.

const { job } = require('../..');
const { RequestEndpoint } = require('../../lib/messages/request');
const { codecs, wrap } = require('../../lib/messages/serialization');
const timers = require('../../lib/real-timers');

const CMD = 'NODE_YUNFLY_RPC';

let frames;
let unreachable;
let endpoint;

function endpointOf({ hasFleet = true } = {}) {
  const link = {
    role: 'worker',
    hasFleet,
    unreachable: () => unreachable,
    send: (frame) => frames.push(JSON.parse(JSON.stringify(frame))),
  };
  return new RequestEndpoint(link, codecs.json);
}

beforeEach(() => {
  frames = [];
  unreachable = undefined;
  endpoint = endpointOf();
});

const says = (act, fields) => endpoint.receive({ cmd: CMD, act, id: frames.at(-1).id, ...fields });
const turn = () => new Promise(setImmediate);

test.each([
  [{ to: 'alone' }],
  [{ to: 'worker' }],
  [{ to: 'worker', type: 'worker' }],
  [{ to: 'worker', worker_pid: 'host/a/4711' }],
  [{ to: 'worker', type: 'all' }],
])('%j: the master reads where it goes', (target) => {
  endpoint.request({ ...target, scope: 'fleet', action: 'x' }).catch(() => {});
  endpoint.close();
  expect(frames[0]).toMatchObject({
    act: 'request',
    ...target,
    scope: 'fleet',
    from: 'worker',
    pid: process.pid,
  });
});

test.each([
  [
    { to: 'app', scope: 'fleet' },
    "`scope` must be 'fleet', with `to: 'alone'` or `to: 'worker'`, but is with `to: 'app'`.",
  ],
  [{ to: 'worker', scope: 'host' }, "but is 'host'."],
  [{ to: 'worker', scope: null }, 'but is null.'],
  [{ to: 'worker', scope: 'fleet', worker_pid: 5 }, "`worker_pid` must be a text such as 'host/4711'"],
  [{ to: 'worker', scope: 'fleet', worker_pid: '/5' }, "but is '/5'"],
  [{ to: 'worker', scope: 'fleet', worker_pid: 'a/0' }, "but is 'a/0'"],
  [{ to: 'worker', scope: 'fleet', worker_pid: 'a/5', type: 'all' }, "not with `type: 'all'`"],
  [{ to: 'alone', scope: 'fleet', worker_pid: 'a/5' }, "with `to: 'worker'`"],
  [{ to: 'worker', worker_pid: 'a/5' }, "but is 'a/5'. For a worker of another host, add `scope: 'fleet'`."],
])('refused: %j', async (target, message) => {
  await expect(endpoint.request({ ...target, action: 'x' })).rejects.toMatchObject({
    code: 'ERR_REQUEST_INVALID',
    message: expect.stringContaining(message),
  });
  expect(frames).toEqual([]);
});

describe('one answer', () => {
  const ask = (target) => endpoint.request({ to: 'worker', scope: 'fleet', action: 'x', ...target });

  test('comes from another host', async () => {
    const asked = ask();
    says('reply', { pid: 5, host: 'b', data: 1 });
    await expect(asked).resolves.toBe(1);
  });

  test.each([
    [
      { pid: 5, host: 'b', reason: 'gone' },
      'ERR_REQUEST_GONE',
      "Request 'x' to a worker of the fleet: process 5 on b ended before",
    ],
    [
      { host: 'b', reason: 'gone' },
      'ERR_REQUEST_GONE',
      "Request 'x' to a worker of the fleet: host b left, or cannot be reached any more, before it answered.",
    ],
    [{ host: 'b', reason: 'no-such-worker' }, 'ERR_REQUEST_UNDELIVERABLE', 'it reached nobody on b (no-such-worker)'],
    [{ reason: 'no-host' }, 'ERR_REQUEST_UNDELIVERABLE', '(no-host)'],
    [{ reason: 'no-fleet' }, 'ERR_REQUEST_UNDELIVERABLE', '(no-fleet)'],
    [{ reason: 'fleet-away' }, 'ERR_REQUEST_UNDELIVERABLE', '(fleet-away)'],
  ])('none: %j', async (fields, code, message) => {
    const asked = ask();
    says('gone', fields);
    const error = await asked.catch((thrown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.reason).toBe(code === 'ERR_REQUEST_UNDELIVERABLE' ? fields.reason : undefined);
  });

  test('who is asked is named', async () => {
    for (const [target, name] of [
      [{ worker_pid: 'b/5' }, 'worker b/5'],
      [{ to: 'alone' }, 'the alone of the fleet'],
      [{ type: 'all' }, 'all workers of the fleet'],
    ]) {
      const asked = ask(target);
      says('gone', { reason: 'no-fleet' });
      await expect(asked).rejects.toThrow(`Request 'x' to ${name}: it reached nobody`);
    }
  });
});

describe('the answers of all hosts', () => {
  const askAll = (options) => endpoint.request({ to: 'worker', type: 'all', scope: 'fleet', action: 'x' }, options);
  const codes = (failed) => [...failed].map(([key, { code }]) => [key, code]);

  test('each by host and pid', async () => {
    const asked = askAll();
    says('sent', { hosts: ['a', 'b', 'c'] });
    says('sent', { host: 'a', pids: [1, 2] });
    says('reply', { host: 'a', pid: 1, data: 'one' });
    says('sent', { host: 'b', pids: [1] });
    says('sent', { host: 'c', pids: [] });
    says('gone', { host: 'a', pid: 2, reason: 'gone' });
    says('reply', { host: 'b', pid: 1, data: 'other' });
    const { answers, failed } = await asked;
    expect(answers).toEqual(
      new Map([
        ['a/1', 'one'],
        ['b/1', 'other'],
      ]),
    );
    expect(codes(failed)).toEqual([['a/2', 'ERR_REQUEST_GONE']]);
    expect(failed.get('a/2').message).toContain('process 2 on a ended before it answered');
  });

  test('nobody has a worker', async () => {
    const asked = askAll();
    says('sent', { hosts: ['a'] });
    says('sent', { host: 'a', pids: [] });
    await expect(asked).resolves.toEqual({ answers: new Map(), failed: new Map() });
  });

  test('a host leaves: those that had not answered, or the host that had not said who was asked', async () => {
    const asked = askAll();
    says('sent', { hosts: ['a', 'b', 'c'] });
    says('sent', { host: 'b', pids: [1, 2] });
    says('reply', { host: 'b', pid: 2, data: 2 });
    says('gone', { host: 'b', reason: 'gone' });
    says('gone', { host: 'c', reason: 'gone' });
    says('gone', { host: 'd', reason: 'gone' });
    says('sent', { host: 'a', pids: [9] });
    says('reply', { host: 'a', pid: 9, data: 9 });
    const { answers, failed } = await asked;
    expect(answers).toEqual(
      new Map([
        ['b/2', 2],
        ['a/9', 9],
      ]),
    );
    expect(codes(failed)).toEqual([
      ['b/1', 'ERR_REQUEST_GONE'],
      ['c', 'ERR_REQUEST_GONE'],
    ]);
    expect(failed.get('c').message).toContain('host c left, or cannot be reached any more, before it');
  });

  test.each(['too-many', 'mailbox-full', 'closed', 'stalled', 'fleet-away'])(
    'a host where it reached nobody (%s): the others answer all the same',
    async (reason) => {
      const asked = askAll();
      says('sent', { hosts: ['a', 'b'] });
      says('gone', { host: 'b', reason });
      says('sent', { host: 'a', pids: [9] });
      says('reply', { host: 'a', pid: 9, data: 9 });
      const { answers, failed } = await asked;
      expect(answers).toEqual(new Map([['a/9', 9]]));
      expect(codes(failed)).toEqual([['b', 'ERR_REQUEST_UNDELIVERABLE']]);
      expect(failed.get('b')).toMatchObject({ reason, message: expect.stringContaining(`nobody on b (${reason})`) });
    },
  );

  test('not all in time', async () => {
    const asked = askAll({ timeout: 50 });
    says('sent', { hosts: ['a', 'b'] });
    says('sent', { host: 'a', pids: [1, 2] });
    says('reply', { host: 'a', pid: 1, data: 1 });
    const { answers, failed } = await asked;
    expect(answers).toEqual(new Map([['a/1', 1]]));
    expect(codes(failed)).toEqual([
      ['a/2', 'ERR_REQUEST_TIMEOUT'],
      ['b', 'ERR_REQUEST_TIMEOUT'],
    ]);
    expect(frames[1]).toEqual({ cmd: CMD, act: 'cancel', id: frames[0].id });
  });

  test('timeout before the hosts were told; there is no fleet', async () => {
    await expect(askAll({ timeout: 50 })).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
    const asked = askAll();
    says('gone', { reason: 'no-fleet' });
    await expect(asked).rejects.toMatchObject({ code: 'ERR_REQUEST_UNDELIVERABLE' });
  });
});

describe('who answers', () => {
  const request = { cmd: CMD, act: 'request', id: 'r', to: 'worker', action: 'x', from: 'worker', pid: 4 };
  const reply = { to: 'worker', worker_pid: 4 };

  test('is told the host of who asks, and says for whom its answer is', async () => {
    const contexts = [];
    endpoint.onRequest('x', (_data, context) => contexts.push(context));
    endpoint.receive({ ...request, reply, host: 'b' });
    endpoint.receive({ ...request, reply });
    await endpoint.settled();
    expect(contexts).toEqual([
      { from: 'worker', pid: 4, action: 'x', host: 'b' },
      { from: 'worker', pid: 4, action: 'x' },
    ]);
    expect(frames).toEqual([
      { cmd: CMD, act: 'reply', id: 'r', ...reply, host: 'b', pid: process.pid, data: 1 },
      { cmd: CMD, act: 'reply', id: 'r', ...reply, pid: process.pid, data: 2 },
    ]);
  });
});

describe('job()', () => {
  afterEach(() => jest.restoreAllMocks());

  test('is a request to any worker, of the fleet if there is one', () => {
    endpoint.job('x', 1).catch(() => {});
    endpoint.close();
    endpoint = endpointOf({ hasFleet: false });
    endpoint.job('x', 1).catch(() => {});
    endpoint.close();
    const asked = { act: 'request', to: 'worker', action: 'x', data: 1 };
    expect(frames).toEqual([expect.objectContaining({ ...asked, scope: 'fleet' }), expect.objectContaining(asked)]);
    expect(frames[1]).not.toHaveProperty('scope');
  });

  test('is answered', async () => {
    const done = endpoint.job('x');
    says('reply', { pid: 5, host: 'b', data: 'done' });
    await expect(done).resolves.toBe('done');
  });

  test('is lost when its worker ends; the stack shows who waits for it', async () => {
    const done = endpoint.job('x');
    says('gone', { pid: 5, host: 'b', reason: 'gone' });
    const error = await done.catch((thrown) => thrown);
    expect(error.code).toBe('ERR_REQUEST_GONE');
    expect(error.stack).toContain('request-fleet.test.js');
    expect(frames).toHaveLength(1);
  });

  test('with `retry` it is given to another one, so many times: also if its host has left before it came there, or is on its way down', async () => {
    const done = endpoint.job('x', 1, { retry: 3 });
    for (const fields of [
      { pid: 5, host: 'a', reason: 'gone' },
      { reason: 'no-host' },
      { host: 'b', reason: 'closed' },
    ]) {
      says('gone', fields);
      await turn();
    }
    expect(frames).toHaveLength(4);
    expect(new Set(frames.map(({ id }) => id)).size).toBe(4);
    says('gone', { host: 'c', reason: 'gone' });
    await expect(done).rejects.toMatchObject({ code: 'ERR_REQUEST_GONE', message: expect.stringContaining('host c') });
    expect(frames).toHaveLength(4);
  });

  test.each([
    ['it reached nobody', 'gone', { reason: 'fleet-away' }, 'ERR_REQUEST_UNDELIVERABLE'],
    ['its own cluster is on its way down', 'gone', { reason: 'closed' }, 'ERR_REQUEST_UNDELIVERABLE'],
    ['it failed', 'reply', { pid: 5, error: { message: 'no' } }, undefined],
    [
      'the process that it asked itself ended',
      'reply',
      { pid: 5, error: { name: 'ClusterError', code: 'ERR_REQUEST_GONE', message: 'no' } },
      'ERR_REQUEST_GONE',
    ],
  ])('is not given to another one when %s', async (_what, act, fields, code) => {
    const done = endpoint.job('x', 1, { retry: 5 });
    says(act, fields);
    const error = await done.catch((thrown) => thrown);
    expect([error.code, frames.length]).toEqual([code, 1]);
  });

  test('is not given to another one when this process is cut off', async () => {
    const done = endpoint.job('x', 1, { retry: 5 });
    unreachable = 'closed';
    endpoint.close();
    await expect(done).rejects.toMatchObject({ code: 'ERR_REQUEST_GONE' });
    expect(frames).toHaveLength(1);
  });

  test('`timeout` is for all together', async () => {
    let now = 1000;
    jest.spyOn(timers, 'now').mockImplementation(() => now);
    const waits = jest.spyOn(timers, 'setTimeout');
    const done = endpoint.job('x', 1, { retry: 5, timeout: 60 });
    now += 35;
    says('gone', { pid: 5, reason: 'gone' });
    await expect(done).rejects.toThrow("Request 'x' to a worker of the fleet: no answer within 60 ms (timeout).");
    expect(waits.mock.calls.map(([, ms]) => ms)).toEqual([60, 25]);
  });

  test('when no time is left, why it has failed is told', async () => {
    let now = 1000;
    jest.spyOn(timers, 'now').mockImplementation(() => now);
    const done = endpoint.job('x', 1, { retry: 5, timeout: 60 });
    now += 60;
    says('gone', { pid: 5, reason: 'gone' });
    await expect(done).rejects.toMatchObject({ code: 'ERR_REQUEST_GONE' });
    expect(frames).toHaveLength(1);
  });

  test.each([
    ['no name', [''], 'The name of a job'],
    ['another name', [5], 'but is 5'],
    ['no options', ['x', 1, null], 'The options of job()'],
    ['no time', ['x', 1, { timeout: 0 }], '`timeout` of job()'],
    ['no signal', ['x', 1, { signal: 1 }], '`signal` of job()'],
    // As an http.IncomingMessage has it.
    ['something else that is aborted', ['x', 1, { signal: { aborted: false } }], '`signal` of job()'],
    ['less than no retry', ['x', 1, { retry: -1 }], '`retry` of job()'],
    ['no end of it', ['x', 1, { retry: Infinity }], 'but is Infinity'],
  ])('%s', async (_what, args, message) => {
    await expect(endpoint.job(...args)).rejects.toMatchObject({
      code: 'ERR_REQUEST_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test('where there is no cluster', async () => {
    await expect(job('x')).rejects.toMatchObject({ code: 'ERR_NO_CLUSTER' });
  });
});

test('in advanced mode the master reads the scope, too', () => {
  expect(wrap({ to: 'worker', type: 'all', scope: 'fleet' })).toMatchObject({
    to: 'worker',
    type: 'all',
    scope: 'fleet',
  });
  expect(wrap({ to: 'worker', scope: { fleet: 1 } }).scope).toBeUndefined();
});
