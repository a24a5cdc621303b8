'use strict';
// Questions with answers between real processes, through the native master.

const { test: atOnce } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { firstOf, lastOf } = require('../support/position');
const { sharedApp } = require('../support/shared');

const options = { script: fixture('request-app.js') };
const config = { count: 3, exec: fixture('workers/requests.js'), alone: fixture('alone/requests.js') };

async function startAsking(fields) {
  const app = await start({ ...config, ...fields }, options);
  await app.call('answer');
  return app;
}

let tags = 0;

/** A child asks; resolves with its answer or with { error }. */
async function childAsks(app, child, ask, askOptions) {
  const tag = await childBegins(app, child, ask, askOptions);
  const { answer, error } = await app.report('asked', (report) => report.tag === tag);
  return error ? { error } : answer;
}

/** `fill`: the child makes data of so many bytes, more than may be sent to it. */
async function childBegins(app, child, ask, { fill, ...askOptions } = {}) {
  const tag = ++tags;
  await app.call('sendmessage', { ...child, action: 'ask', ask, fill, options: askOptions, tag });
  await app.report('asking', (report) => report.tag === tag);
  return tag;
}

const alonePid = async (app) => (await app.call('alone')).pid;
const workerPids = async (app) => (await app.workers()).map(({ pid }) => pid);
const firstWorker = async (app) => ({ to: 'worker', worker_pid: (await workerPids(app))[0] });
const release = (app, target, answer) => app.call('sendmessage', { ...target, action: 'release', answer });
const sorted = (list) => [...list].sort((a, b) => a - b);

const askers = {
  app: { ask: (app, ...args) => app.call('ask', ...args), pid: async (app) => app.pid },
  alone: { ask: (app, ...args) => childAsks(app, { to: 'alone' }, ...args), pid: alonePid },
  worker: {
    ask: async (app, ...args) => childAsks(app, await firstWorker(app), ...args),
    pid: async (app) => (await workerPids(app))[0],
  },
};

describe.each(Object.entries(askers))('the %s asks', (from, { ask, pid }) => {
  const data = { text: '你好\u2028"\\', list: [1, null] };
  const shared = sharedApp(startAsking);

  test('each kind of process, and gets its answer', async () => {
    const app = shared();
    const context = { from, pid: await pid(app), action: 'echo' };
    const [, second] = await workerPids(app);

    expect(await ask(app, { to: 'alone', action: 'echo', data })).toEqual({ data, context, pid: await alonePid(app) });
    expect(await ask(app, { to: 'worker', worker_pid: second, action: 'echo', data })).toEqual({
      data,
      context,
      pid: second,
    });
    const any = await ask(app, { to: 'worker', action: 'echo', data });
    expect(any).toEqual({ data, context, pid: expect.any(Number) });
    expect(await workerPids(app)).toContain(any.pid);
    if (from !== 'app')
      expect(await ask(app, { to: 'app', action: 'echo', data })).toEqual({ data, context, pid: app.pid });
    expect(await ask(app, { to: 'worker', type: 'worker', action: 'sum', data: [2, 3] })).toBe(5);
  });

  test('all workers: the answer of each', async () => {
    const app = shared();
    const { answers, failed } = await ask(app, { to: 'worker', type: 'all', action: 'echo', data });
    const pids = await workerPids(app);
    expect(failed).toEqual([]);
    expect(sorted(answers.map(([each]) => each))).toEqual(sorted(pids));
    for (const [each, answer] of answers) expect(answer).toMatchObject({ data, pid: each });
  });

  test('errors cross', async () => {
    const app = shared();
    for (const to of ['alone', 'worker']) {
      const { error } = await ask(app, { to, action: 'fail', data: {} });
      expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' });
      expect(error.remoteStack).toContain('fixtures/requests.js');
      expect((await ask(app, { to, action: 'unheard of' })).error).toMatchObject({
        name: 'ClusterError',
        code: 'ERR_NO_HANDLER',
      });
    }
    const pids = await workerPids(app);
    const { answers, failed } = await ask(app, { to: 'worker', type: 'all', action: 'fail', data: { only: pids[2] } });
    expect(sorted(answers.map(([each]) => each))).toEqual(sorted(pids.slice(0, 2)));
    expect(failed).toEqual([[pids[2], expect.objectContaining({ name: 'RangeError', code: 'E_FAR' })]]);
  });

  test('nobody is there', async () => {
    expect((await ask(shared(), { to: 'worker', worker_pid: 1, action: 'echo' })).error).toMatchObject({
      code: 'ERR_REQUEST_UNDELIVERABLE',
      message: expect.stringContaining('no-such-worker'),
    });
  });

  test('no answer in time; what is asked later is answered', async () => {
    const app = shared();
    const [, target] = await workerPids(app);
    const to = { to: 'worker', worker_pid: target };
    const { error } = await ask(app, { ...to, action: 'hold' }, { timeout: 200 });
    expect(error).toMatchObject({ name: 'ClusterError', code: 'ERR_REQUEST_TIMEOUT' });
    await release(app, to, 'too late');
    expect(await ask(app, { ...to, action: 'sum', data: [1, 1] })).toBe(2);
  });

  test('the process that should answer is killed', async () => {
    const app = shared();
    const [, target] = await workerPids(app);
    const asked = ask(app, { to: 'worker', worker_pid: target, action: 'hold' });
    await app.report('held');
    process.kill(target, 'SIGKILL');
    expect((await asked).error).toMatchObject({
      name: 'ClusterError',
      code: 'ERR_REQUEST_GONE',
      message: expect.stringContaining(`process ${target} ended`),
    });
    await app.event('workerReady'); // its successor
  });

  test('one of all is killed', async () => {
    const app = shared();
    const [asking, target, third] = await workerPids(app);
    const asked = ask(app, { to: 'worker', type: 'all', action: 'hold' });
    await app.reported('held', 3);
    process.kill(target, 'SIGKILL');
    await app.event('exit');
    for (const each of [asking, third]) await release(app, { to: 'worker', worker_pid: each }, 'released');
    const { answers, failed } = await asked;
    expect(answers.sort(([a], [b]) => a - b)).toEqual(sorted([asking, third]).map((each) => [each, 'released']));
    expect(failed).toEqual([[target, expect.objectContaining({ code: 'ERR_REQUEST_GONE' })]]);
  });
});

atOnce('there is no alone', async () => {
  const app = await startAsking({ alone: false, count: 1 });
  for (const from of ['app', 'worker']) {
    const { error } = await askers[from].ask(app, { to: 'alone', action: 'echo' });
    expect([from, error]).toEqual([
      from,
      expect.objectContaining({
        code: 'ERR_REQUEST_UNDELIVERABLE',
        message: expect.stringContaining('no-alone'),
      }),
    ]);
  }
});

describe.each(['app', 'worker'])('the %s asks an alone', (from) => {
  const { ask } = askers[from];
  const shared = sharedApp(startAsking);

  test('that is killed before it answers', async () => {
    const app = shared();
    const asked = ask(app, { to: 'alone', action: 'hold' });
    await app.report('held');
    process.kill(await alonePid(app), 'SIGKILL');
    expect((await asked).error).toMatchObject({ code: 'ERR_REQUEST_GONE' });
    await app.event('aloneReady');
  });

  test('that is being started again: its successor answers', async () => {
    const app = shared();
    const before = await alonePid(app);
    process.kill(before, 'SIGKILL');
    await app.event('aloneExit');
    const { pid } = await ask(app, { to: 'alone', action: 'echo' });
    expect(pid).not.toBe(before);
    expect(pid).toBe(await alonePid(app));
  });
});

describe('one cluster', () => {
  const shared = sharedApp(startAsking);

  test('a worker whose asker died goes on', async () => {
    const app = shared();
    const [asking, target] = await workerPids(app);
    await childBegins(app, { to: 'worker', worker_pid: asking }, { to: 'worker', worker_pid: target, action: 'hold' });
    await app.report('held');
    process.kill(asking, 'SIGKILL');
    await app.event('exit', ({ pid }) => pid === asking);
    await release(app, { to: 'worker', worker_pid: target }, 'for nobody');
    expect(await app.call('ask', { to: 'worker', worker_pid: target, action: 'sum', data: [1, 2] })).toBe(3);
    expect(app.events('protocolError')).toEqual([]);
    await app.event('workerReady'); // the successor of the one that died
  });

  test('many at once: each has its own answer', async () => {
    const app = shared();
    const expected = Array.from({ length: 2000 }, (_, i) => i + 1);
    expect(await app.call('sums', 'worker', 2000)).toEqual(expected);
    expect(await app.call('sums', 'alone', 2000)).toEqual(expected);
  });

  test("'message' listeners and the event see nothing of it", async () => {
    const app = shared();
    for (const { ask } of Object.values(askers)) await ask(app, { to: 'worker', type: 'all', action: 'echo' });
    await askers.worker.ask(app, { to: 'app', action: 'echo' });
    // What came before it would be there now.
    await app.call('sendmessage', { to: 'worker', type: 'all', action: 'last' });
    for (const worker_pid of await workerPids(app)) {
      await app.report('message', ({ pid, message }) => pid === worker_pid && message.action === 'last');
    }
    const actions = new Set(app.reports('message').map(({ message }) => message.action));
    expect([...actions]).toEqual(['last']);
    expect(app.events('message')).toEqual([]);
    expect(app.events('undeliverable')).toEqual([]);
  });

  test('data that is half a character, or nested deeply, arrives', async () => {
    const app = shared();
    let deep = 'x';
    for (let i = 0; i < 300; i++) deep = [deep];
    for (const data of ['\ud83d', '\\ud83d', deep]) {
      expect(await app.call('ask', { to: 'alone', action: 'echo', data })).toMatchObject({ data });
      expect(await childAsks(app, { to: 'alone' }, { to: 'worker', action: 'echo', data })).toMatchObject({ data });
    }
  });
});

atOnce('asked before the cluster is ready: answered when it is', async () => {
  const app = launch(config, { ...options, api: 'createCluster' });
  const { pid } = await app.call('startAndAsk', { to: 'worker', action: 'echo' });
  expect(await workerPids(app)).toContain(pid);
  expect(firstOf(app.eventNames(), 'ready')).toBeLessThan(lastOf(app.eventNames(), 'reply'));
});

describe('at the end', () => {
  atOnce('a worker that ends in good order answers first', async () => {
    const app = await startAsking();
    const [{ id, pid }] = await app.workers();
    const asked = app.call('ask', { to: 'worker', worker_pid: pid, action: 'hold' });
    await app.report('held');
    await app.call('worker', id, 'disconnect');
    await release(app, { to: 'worker', worker_pid: pid }, 'before the end');
    expect(await asked).toBe('before the end');
    const [, code] = await app.event('exit', (worker) => worker.id === id);
    expect(code).toBe(0);
  });

  atOnce('all are killed: the app hears that nobody answers', async () => {
    const app = await startAsking();
    const asked = app.call('ask', { to: 'alone', action: 'hold' });
    await app.report('held');
    await app.call('close', { force: true });
    expect((await asked).error).toMatchObject({ code: 'ERR_REQUEST_GONE' });
  });

  atOnce('after it nobody can be asked', async () => {
    const app = await startAsking();
    expect((await app.call('closeThenAsk', { to: 'alone', action: 'echo' })).error).toMatchObject({
      code: 'ERR_REQUEST_UNDELIVERABLE',
      message: expect.stringContaining('closed'),
    });
  });

  atOnce('the app is killed: who had asked it hears that', async () => {
    const app = await startAsking();
    const tag = await childBegins(app, await firstWorker(app), { to: 'app', action: 'hold' });
    await app.event('held');
    app.kill('SIGKILL');
    const { error } = await app.report('asked', (report) => report.tag === tag);
    expect(error).toMatchObject({
      code: 'ERR_REQUEST_GONE',
      message: expect.stringContaining('the channel was closed'),
    });
    await app.gone;
  });
});

atOnce('before start() nobody can be asked', async () => {
  const app = launch(config, { ...options, api: 'createCluster' });
  await expect(app.call('request', { to: 'alone', action: 'echo' })).rejects.toMatchObject({
    code: 'ERR_REQUEST_UNDELIVERABLE',
  });
  await expect(app.call('ask', { to: 'alone', action: 'echo' })).resolves.toMatchObject({
    error: { code: 'ERR_NO_CLUSTER' },
  });
  await app.call('close');
});

atOnce('with enable: false there is nobody to ask', async () => {
  const app = launch({ enable: false, exec: fixture('workers/http.js') }, options);
  await app.event('started');
  expect((await app.call('ask', { to: 'worker', action: 'echo' })).error).toMatchObject({
    code: 'ERR_REQUEST_UNDELIVERABLE',
    message: expect.stringContaining('(inProcess)'),
  });
});

atOnce('two clusters: each has its own; request() is that of the last one', async () => {
  const app = await startAsking();
  const others = await app.call('startOther', { ...config, mode: 'production', count: 1, alone: false });
  expect((await app.call('ask', { to: 'worker', action: 'echo' })).pid).toBe(others[0]);
  expect((await app.call('askOther', { to: 'worker', action: 'echo' })).pid).toBe(others[0]);
  expect(await workerPids(app)).toContain((await app.call('request', { to: 'worker', action: 'echo' })).pid);
  await app.call('closeOther');
});

describe('larger than maxMessageBytes', () => {
  const maxMessageBytes = 64 * 1024;
  const shared = sharedApp(() => startAsking({ maxMessageBytes }));
  const forever = { timeout: 2 ** 31 - 1 };
  const refused = {
    name: 'ClusterError',
    code: 'ERR_MESSAGE_TOO_LARGE',
    message: expect.stringMatching(/more than 65536 bytes.*maxMessageBytes/),
  };

  test.each([
    ['one', { to: 'alone', action: 'echo' }],
    ['to all', { to: 'worker', type: 'all', action: 'echo' }],
  ])("a child's request (%s) is refused at once", async (_which, ask) => {
    const app = shared();
    const answer = await childAsks(app, await firstWorker(app), ask, { ...forever, fill: 2 * maxMessageBytes });
    expect(answer).toEqual({ error: expect.objectContaining(refused) });
    expect(answer.error.message).toContain("Request 'echo' to ");
    const [, error] = await app.event('protocolError');
    expect(error.code).toBe('ERR_MESSAGE_TOO_LARGE');
    expect(app.reports('warning')).toEqual([]);
  });

  const ask = { action: 'large', data: { bytes: 2 * maxMessageBytes } };

  test("a child's answer: who asked hears it at once", async () => {
    const app = shared();
    await expect(app.call('ask', { to: 'alone', ...ask }, forever)).resolves.toEqual({
      error: expect.objectContaining(refused),
    });
    expect(await childAsks(app, { to: 'alone' }, { to: 'worker', ...ask }, forever)).toEqual({
      error: expect.objectContaining(refused),
    });
    const all = await app.call('ask', { to: 'worker', type: 'all', ...ask }, forever);
    expect(all.answers).toEqual([]);
    expect(all.failed.map(([pid]) => pid).sort()).toEqual((await workerPids(app)).sort());
  });
});
