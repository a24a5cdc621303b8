'use strict';
// The messenger: by action, from every process to every other.

const { start, fixture } = require('../support/cluster');

const config = { count: 3, exec: fixture('workers/messenger.js'), alone: fixture('messenger.js') };
const startApp = (fields) => start({ ...config, ...fields }, { script: fixture('messenger-app.js') });

const bySender = {
  app: (app, method, ...args) => app.call('messenger', method, ...args),
  alone: (app, method, ...args) => app.call('sendmessage', { to: 'alone', action: 'do', method, args }),
  worker: async (app, method, ...args) => {
    const [{ pid }] = await app.workers();
    await app.call('sendmessage', { to: 'worker', worker_pid: pid, action: 'do', method, args });
  },
};

/** Who has heard `data`, as its own listener of the action and as one of messages, once so many have. */
async function receivers(app, data, count) {
  const of = (kind) =>
    app
      .reports(kind)
      .filter(({ message }) => message.data === data)
      .map(({ pid }) => pid)
      .sort((a, b) => a - b);
  await app.event('report', () => of('news').length >= count && of('message').length >= count);
  expect(of('message')).toEqual(of('news'));
  return of('news');
}

test.each(Object.keys(bySender))('from %s to whom its methods say', async (sender) => {
  const app = await startApp();
  const send = (...args) => bySender[sender](app, ...args);
  const workers = (await app.workers()).map(({ pid }) => pid).sort((a, b) => a - b);
  const { pid: alone } = await app.call('alone');
  await app.call('listen');

  await send('broadcast', 'news', 'to all');
  expect(await receivers(app, 'to all', 4)).toEqual([...workers, alone].sort((a, b) => a - b));
  await send('sendToWorkers', 'news', 'to workers');
  expect(await receivers(app, 'to workers', 3)).toEqual(workers);
  await send('sendToAlone', 'news', 'to alone');
  expect(await receivers(app, 'to alone', 1)).toEqual([alone]);
  await send('sendTo', workers[1], 'news', 'to one');
  expect(await receivers(app, 'to one', 1)).toEqual([workers[1]]);
  await send('sendTo', String(alone), 'news', 'to a pid');
  expect(await receivers(app, 'to a pid', 1)).toEqual([alone]);
  await send('sendRandom', 'news', 'to any');
  expect(workers).toEqual(expect.arrayContaining(await receivers(app, 'to any', 1)));

  const written = Object.fromEntries(
    app.reports('news').map(({ pid, message }) => [pid === alone ? `${message.data} (alone)` : message.data, message]),
  );
  expect(written).toEqual({
    'to all': { action: 'news', from: sender, to: 'worker', type: 'all', data: 'to all' },
    'to all (alone)': { action: 'news', from: sender, to: 'alone', data: 'to all' },
    'to workers': { action: 'news', from: sender, to: 'worker', type: 'all', data: 'to workers' },
    'to alone (alone)': { action: 'news', from: sender, to: 'alone', data: 'to alone' },
    'to one': { action: 'news', from: sender, to: 'worker', worker_pid: workers[1], data: 'to one' },
    'to a pid (alone)': { action: 'news', from: sender, to: 'worker', worker_pid: alone, data: 'to a pid' },
    'to any': { action: 'news', from: sender, to: 'worker', type: 'worker', data: 'to any' },
  });
  if (sender === 'app') return;
  await send('sendToApp', 'news', 'to app');
  const [data, message, pid] = await app.event('news');
  expect([data, message]).toEqual(['to app', { action: 'news', from: sender, to: 'app', data: 'to app' }]);
  expect([...workers, alone]).toContain(pid);
});

test('a broadcast where there is no alone reaches the workers, and nothing is undeliverable', async () => {
  const app = await startApp({ alone: false, count: 2 });
  await bySender.app(app, 'broadcast', 'news', 1);
  await bySender.worker(app, 'broadcast', 'news', 2);
  await receivers(app, 1, 2);
  await receivers(app, 2, 2);
  await app.call('close');
  expect(app.events('undeliverable')).toEqual([]);
});

test('in the advanced serialization, and once', async () => {
  const app = await startApp({ serialization: 'advanced', count: 2 });
  await app.call('listenOnce');
  for (const data of ['one', 'two']) {
    await bySender.worker(app, 'sendToAlone', 'first', data);
    await bySender.worker(app, 'sendToApp', 'news', data);
  }
  await app.event('message', (_from, { data }) => data === 'two');
  await app.event('report', () => app.reports('done').length === 4);
  await app.call('close');
  await app.gone;
  expect(app.reports('first').map(({ data }) => data)).toEqual(['one']);
  expect(app.events('once')).toEqual([['one']]);
  expect(app.reports('done').map(({ returned }) => returned)).toEqual([true, true, true, true]);
});
