'use strict';
// Requests over the real channel of a real worker or alone; this process takes the places of the app and of the master,
// which here passes on what the only two processes say to each other.

const path = require('node:path');
const { onRequest, request, ClusterError } = require('../..');
const { RequestEndpoint } = require('../../lib/messages/request');
const { codecs } = require('../../lib/messages/serialization');
const { endAll, startAlone, startWorker } = require('./support/preloaded');

const script = path.join(__dirname, 'fixtures/requests.js');
const CMD = 'NODE_YUNFLY_RPC';

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(endAll); // Jest calls no afterEach() for tests that run at once

/** The app's side of a child. */
function appOf(child, serialization) {
  const link = {
    role: 'app',
    unreachable: () => undefined,
    send: (frame) => frame.act !== 'cancel' && child.send(frame),
  };
  const app = new RequestEndpoint(link, codecs[serialization]);
  child.onFrame(CMD, (frame) => frame.to === 'app' && app.receive(frame));
  return app;
}

const children = {
  worker: (serialization) => startWorker(script, { boot: { serialization, ready: 'online' } }),
  alone: (serialization) => startAlone(script, {}, { serialization }),
};

async function start(role, serialization) {
  const child = children[role](serialization);
  await child.sends('started');
  return { child, app: appOf(child, serialization) };
}

async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`resolved with ${value}`);
}

describe.each([
  ['worker', 'json'],
  ['worker', 'advanced'],
  ['alone', 'json'],
  ['alone', 'advanced'],
])('the %s (%s)', (role, serialization) => {
  test.concurrent('answers the app, or says what went wrong', async () => {
    const { child, app } = await start(role, serialization);
    const ask = (action, data) => app.request({ to: role, action, data });

    await expect(ask('echo', { a: [1, null, 'ü'] })).resolves.toEqual({
      data: { a: [1, null, 'ü'] },
      context: { from: 'app', pid: process.pid, action: 'echo' },
    });
    await expect(ask('later', 7)).resolves.toBe(7);
    await expect(ask('nothing')).resolves.toBeUndefined();

    const thrown = await rejection(ask('fail', { message: 'too far', code: 'E_FAR' }));
    expect(thrown).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' });
    expect(thrown.remoteStack).toContain('fixtures/requests.js');
    // Who awaits it, not how the answer came; between them Node's own turn.
    expect(thrown.stack).toMatch(
      /^RangeError: too far\n( +at .*node:internal.*\n)? +at .*rejection .*request\.test\.js/,
    );
    expect(await rejection(ask('fail later'))).toMatchObject({ name: 'TypeError', message: 'rejected' });
    expect(await rejection(ask('throw text'))).toMatchObject({ name: 'Error', message: "'just text'" });
    for (const unwritable of serialization === 'json' ? ['circular', 'a function'] : ['a function']) {
      expect(await rejection(ask(unwritable))).toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        message: expect.stringContaining(`The answer to '${unwritable}' cannot be written`),
      });
    }

    const nobody = await rejection(ask('unheard of'));
    expect(nobody).toBeInstanceOf(ClusterError);
    expect(nobody).toMatchObject({
      code: 'ERR_NO_HANDLER',
      message: expect.stringContaining(`The ${role} (pid ${child.pid})`),
    });
  });

  test.concurrent('asks the app', async () => {
    const { child, app } = await start(role, serialization);
    app.onRequest('sum', ([a, b], { from, pid }) => ({ sum: a + b, from, pid }));
    child.send({ ask: { to: 'app', action: 'sum', data: [1, 2] } });
    const { answer } = await child.sends('outcome');
    expect(answer).toEqual({ sum: 3, from: role, pid: child.pid });
  });

  test.concurrent('gets what the app threw', async () => {
    const { child, app } = await start(role, serialization);
    app.onRequest('fail', () => {
      throw Object.assign(new Error('out of order'), { code: 7 });
    });
    child.send({ ask: { to: 'app', action: 'fail' } });
    const { error } = await child.sends('outcome');
    expect(error).toMatchObject({ name: 'Error', code: 7, text: 'out of order', ours: false });
    expect(error.stack).toContain('fixtures/requests.js');
  });

  test.concurrent('answers what it was asked before it is to end', async () => {
    const { child, app } = await start(role, serialization);
    const asked = app.request({ to: role, action: 'before the drain' });
    child.drain();
    await expect(asked).resolves.toBe('in time');
    expect((await child.ended).code).toBe(0);
  });

  test.concurrent('answers what it is asked while it ends', async () => {
    const { child, app } = await start(role, serialization);
    await app.request({ to: role, action: 'wait for another' });
    child.drain();
    await child.sends('draining');
    await expect(app.request({ to: role, action: 'during the drain' })).resolves.toBe('in time');
    expect((await child.ended).code).toBe(0);
  });

  test.concurrent('hears that nobody can answer any more', async () => {
    const { child, app } = await start(role, serialization);
    app.onRequest('nobody answers', () => new Promise(() => {}));
    child.send({ ask: { to: 'app', action: 'nobody answers' } });
    await new Promise((resolve) => child.onFrame(CMD, resolve));
    child.disconnect();
    await child.ended;
    expect(child.stderr).toMatch(/^ERR_REQUEST_GONE .*the channel was closed/m);
  });
});

test('a value that cannot be serialized is an error for whoever sends it', async () => {
  const { child, app } = await start('worker', 'json');
  const circle = {};
  circle.self = circle;
  for (const data of [circle, () => {}, Symbol('data')]) {
    expect(await rejection(app.request({ to: 'worker', action: 'echo', data }))).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      message: expect.stringContaining("Request 'echo' to a worker"),
    });
  }
  child.send({ ask: { to: 'app', action: 'x', data: circle.none, worker_pid: -1 } });
  expect((await child.sends('outcome')).error).toMatchObject({ code: 'ERR_REQUEST_INVALID', ours: true });
});

describe('how a request ends, by what the master says of it', () => {
  let frames;
  let unreachable;
  let app;

  beforeEach(() => {
    frames = [];
    unreachable = undefined;
    const link = {
      role: 'app',
      unreachable: () => unreachable,
      send: (frame) => frames.push(frame),
    };
    app = new RequestEndpoint(link, codecs.json);
  });

  const says = (act, fields) => app.receive({ cmd: CMD, act, id: frames[0].id, ...fields });

  test('a frame', () => {
    app.request({ to: 'worker', worker_pid: 5, action: 'x', data: { a: 1 }, more: true }).catch(() => {});
    app.close();
    const request = {
      cmd: CMD,
      act: 'request',
      id: expect.any(String),
      to: 'worker',
      worker_pid: 5,
      action: 'x',
      data: { a: 1 },
      from: 'app',
      pid: process.pid,
    };
    expect(frames).toEqual([request]);
  });

  test('ids are never the same', () => {
    for (let i = 0; i < 100; i++) app.request({ to: 'alone', action: 'x' }).catch(() => {});
    const other = new RequestEndpoint(
      { role: 'app', unreachable: () => undefined, send: (frame) => frames.push(frame) },
      codecs.json,
    );
    other.request({ to: 'alone', action: 'x' }).catch(() => {});
    expect(new Set(frames.map(({ id }) => id)).size).toBe(101);
    app.close();
    other.close();
  });

  test('nobody is there', async () => {
    const asked = app.request({ to: 'alone', action: 'x' });
    says('gone', { reason: 'no-alone' });
    expect(await rejection(asked)).toMatchObject({
      code: 'ERR_REQUEST_UNDELIVERABLE',
      message: expect.stringContaining('(no-alone)'),
    });
    expect(frames).toHaveLength(1);
  });

  test('the process that should answer is gone', async () => {
    const asked = app.request({ to: 'worker', worker_pid: 5, action: 'x' });
    says('gone', { pid: 5, reason: 'gone' });
    const error = await rejection(asked);
    expect(error).toMatchObject({
      code: 'ERR_REQUEST_GONE',
      message: expect.stringContaining("'x' to worker 5: process 5 ended"),
    });
    expect(error).toBeInstanceOf(ClusterError);
  });

  test('timeout: the master is told to forget it, and a late answer is ignored', async () => {
    const begin = performance.now();
    const error = await rejection(app.request({ to: 'alone', action: 'x' }, { timeout: 50 }));
    expect(performance.now() - begin).toBeGreaterThanOrEqual(49);
    expect(error).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', message: expect.stringContaining('within 50 ms') });
    expect(frames[1]).toEqual({ cmd: CMD, act: 'cancel', id: frames[0].id });
    says('reply', { pid: 5, data: 1 });
  });

  test('aborted before: nothing is sent', async () => {
    const error = await rejection(
      app.request({ to: 'alone', action: 'x' }, { signal: AbortSignal.abort(new Error('why')) }),
    );
    expect(error).toMatchObject({ code: 'ERR_REQUEST_ABORTED', cause: new Error('why') });
    expect(frames).toEqual([]);
  });

  test('aborted while it is under way: the master is told to forget it', async () => {
    const controller = new AbortController();
    const asked = app.request({ to: 'alone', action: 'x' }, { signal: controller.signal });
    controller.abort(new Error('why'));
    expect(await rejection(asked)).toMatchObject({ code: 'ERR_REQUEST_ABORTED', cause: new Error('why') });
    expect(frames[1]).toEqual({ cmd: CMD, act: 'cancel', id: frames[0].id });
  });

  test('a request that was answered is not aborted any more', async () => {
    const controller = new AbortController();
    const asked = app.request({ to: 'alone', action: 'x' }, { signal: controller.signal });
    says('reply', { pid: 5, data: 1 });
    await expect(asked).resolves.toBe(1);
    controller.abort();
    expect(frames).toHaveLength(1);
  });

  test('this process cannot send', async () => {
    unreachable = 'created';
    expect(await rejection(app.request({ to: 'alone', action: 'x' }))).toMatchObject({
      code: 'ERR_REQUEST_UNDELIVERABLE',
      message: expect.stringContaining('(created)'),
    });
  });

  describe('to all workers', () => {
    const askAll = (options) => app.request({ to: 'worker', type: 'all', action: 'x' }, options);

    test('answers and failures of each', async () => {
      const asked = askAll();
      says('sent', { pids: [1, 2, 3] });
      says('reply', { pid: 2, data: 'two' });
      says('gone', { pid: 3, reason: 'gone' });
      says('reply', { pid: 1, error: { name: 'TypeError', message: 'not me', stack: 'there' } });
      const { answers, failed } = await asked;
      expect(answers).toEqual(new Map([[2, 'two']]));
      expect([...failed.keys()].sort()).toEqual([1, 3]);
      expect(failed.get(1)).toMatchObject({ name: 'TypeError', message: 'not me', remoteStack: 'there' });
      expect(failed.get(3)).toMatchObject({
        code: 'ERR_REQUEST_GONE',
        message: expect.stringContaining('to all workers'),
      });
    });

    test('there is no worker', async () => {
      const asked = askAll();
      says('sent', { pids: [] });
      await expect(asked).resolves.toEqual({ answers: new Map(), failed: new Map() });
    });

    test('some workers do not answer in time', async () => {
      const asked = askAll({ timeout: 50 });
      says('sent', { pids: [1, 2] });
      says('reply', { pid: 1, data: undefined });
      const { answers, failed } = await asked;
      expect(answers).toEqual(new Map([[1, undefined]]));
      expect([...failed].map(([pid, { code }]) => [pid, code])).toEqual([[2, 'ERR_REQUEST_TIMEOUT']]);
      expect(frames[1]).toEqual({ cmd: CMD, act: 'cancel', id: frames[0].id });
    });

    test('timeout before any worker was asked', async () => {
      expect(await rejection(askAll({ timeout: 50 }))).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
    });

    test('the mailbox is full', async () => {
      const asked = askAll();
      says('gone', { reason: 'mailbox-full' });
      expect(await rejection(asked)).toMatchObject({ code: 'ERR_REQUEST_UNDELIVERABLE' });
    });

    test('the channel is closed: the answers that came are returned', async () => {
      const asked = askAll();
      says('sent', { pids: [1, 2] });
      says('reply', { pid: 1, data: 1 });
      app.close();
      const { answers, failed } = await asked;
      expect(answers).toEqual(new Map([[1, 1]]));
      expect(failed.get(2)).toMatchObject({ code: 'ERR_REQUEST_GONE' });
    });
  });
});

describe('arguments', () => {
  const app = new RequestEndpoint({ role: 'app', unreachable: () => 'created' }, codecs.json);
  const fine = { to: 'alone', action: 'x' };

  test.each([
    ['no object', ['alone'], 'must be an object'],
    ['null', [null], 'must be an object'],
    ['nothing', [], 'must be an object'],
    ['an unknown target', [{ ...fine, to: 'moon' }], "'moon'"],
    ['no target', [{ action: 'x' }], 'undefined'],
    ['no action', [{ to: 'app' }], '`action`'],
    ['an empty action', [{ to: 'app', action: '' }], '`action`'],
    ['an unknown type', [{ ...fine, to: 'worker', type: 'some' }], "'some'"],
    ['a type for the alone', [{ ...fine, type: 'all' }], '`type`'],
    ['a pid for the alone', [{ ...fine, worker_pid: 1 }], '`worker_pid`'],
    ['a pid that is none', [{ ...fine, to: 'worker', worker_pid: '1' }], "but is '1'. Give it as a number."],
    ['all and a pid', [{ ...fine, to: 'worker', type: 'all', worker_pid: 1 }], '`worker_pid`'],
    ['no options', [fine, null], 'options'],
    ['no time', [fine, { timeout: 0 }], '`timeout`'],
    ['too much time', [fine, { timeout: 2 ** 31 }], '`timeout`'],
    ['no signal', [fine, { signal: 'SIGTERM' }], '`signal`'],
  ])('%s', async (_what, args, named) => {
    expect(await rejection(app.request(...args))).toMatchObject({
      code: 'ERR_REQUEST_INVALID',
      message: expect.stringContaining(named),
    });
  });

  test('onRequest: an action, a function, and only one of them', () => {
    const code = (call) => {
      try {
        call();
      } catch (error) {
        return error.code;
      }
    };
    expect(code(() => app.onRequest('', () => {}))).toBe('ERR_REQUEST_INVALID');
    expect(code(() => app.onRequest('x', 1))).toBe('ERR_CALLBACK_INVALID');
    const remove = app.onRequest('x', () => 1);
    expect(code(() => app.onRequest('x', () => 2))).toBe('ERR_HANDLER_EXISTS');
    remove();
    app.onRequest('x', () => 2);
    // It removes its own handler only.
    remove();
    expect(code(() => app.onRequest('x', () => 3))).toBe('ERR_HANDLER_EXISTS');
  });

  test('where there is no cluster', async () => {
    expect(await rejection(request(fine))).toMatchObject({ code: 'ERR_NO_CLUSTER' });
    expect(() => onRequest('x', () => {})).toThrow(expect.objectContaining({ code: 'ERR_NO_CLUSTER' }));
  });
});
