'use strict';

const { test } = require('../e2e/support/at-once');
const { BOTH, run } = require('./support/run');

describe.each(BOTH)('messages between a primary and its workers (%s)', (how) => {
  test('10,000 each way arrive, in order', async () => {
    const { of, reports } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        for (let n = 0; n < 10_000; n++) worker.send({ n });
        let next = 0;
        let wrong = 0;
        worker.on('message', ({ n }) => {
          if (n !== next) wrong += 1;
          next += 1;
          if (next === 10_000) worker.disconnect();
        });
        worker.on('exit', () => tell('received', next, wrong));
      },
      worker({ report }) {
        let next = 0;
        let wrong = 0;
        process.on('message', ({ n }) => {
          if (n !== next) wrong += 1;
          next += 1;
          process.send({ n });
          if (next === 10_000) report('received', { next, wrong });
        });
      },
    });
    expect(of('received')).toEqual([[10_000, 0]]);
    expect(reports('received')).toEqual([expect.objectContaining({ next: 10_000, wrong: 0 })]);
  });

  test.each(['json', 'advanced'])('20 MB each way, %s', async (serialization) => {
    const { of } = await run(
      how,
      {
        primary({ cluster, tell, given }) {
          cluster.setupPrimary(given);
          const worker = cluster.fork();
          const text = `${'x'.repeat(10)}é\u2028`.repeat(1_600_000);
          worker.on('message', ({ back, then }) => {
            if (back) tell('back', back === text);
            else tell('then', then);
          });
          worker.send(text);
          worker.send({ then: 'small' });
        },
        worker() {
          process.on('message', (message) => {
            if (typeof message === 'string') process.send({ back: message });
            else process.send(message, () => process.disconnect());
          });
        },
      },
      { given: { serialization } },
    );
    expect(of('back')).toEqual([[true]]);
    expect(of('then')).toEqual([['small']]);
  });

  test('every kind of value that JSON knows, and worker.send() gives true and calls back', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        const values = [
          '',
          'text',
          0,
          -1.5,
          true,
          false,
          null,
          [],
          [null],
          {},
          { cmd: 'MINE' },
          { toJSON: () => 'own' },
        ];
        for (const value of values) tell('sent', worker.send(value));
        const called = [];
        worker.send('a', (error) => called.push('callback', error));
        worker.send('b', undefined, (error) => called.push('handle', error));
        worker.send('c', undefined, undefined, (error) => called.push('options', error));
        worker.send('d', null, {}, (error) => called.push('all', error));
        tell('at once', ...called);
        const back = [];
        worker.on('message', (message) => {
          back.push(message);
          if (message !== 'd') return;
          tell('back', back);
          tell('called', ...called);
          worker.disconnect();
        });
      },
      worker() {
        process.on('message', (message) => process.send(message));
      },
    });
    expect(of('sent')).toEqual(Array(12).fill([true]));
    expect(of('at once')).toEqual([[]]);
    expect(of('called')).toEqual([['callback', null, 'handle', null, 'options', null, 'all', null]]);
    const values = ['', 'text', 0, -1.5, true, false, null, [], [null], {}, { cmd: 'MINE' }, 'own'];
    expect(of('back')).toEqual([[[...values, 'a', 'b', 'c', 'd']]]);
  });

  test('Node’s errors: of what cannot be sent, and of a channel that is closed', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        const wrong = {
          nothing: [],
          undefined: [undefined],
          function: [() => {}],
          symbol: [Symbol('x')],
          bigint: [1n],
          handle: ['x', {}],
          text: ['x', 'y'],
          options: ['x', undefined, 'y'],
          list: ['x', undefined, []],
          callback: ['x', undefined, null],
        };
        for (const [name, args] of Object.entries(wrong)) {
          try {
            worker.send(...args);
            tell('sent', name);
          } catch (error) {
            tell(name, error.name, error.code);
          }
        }
        const round = {};
        round.round = round;
        try {
          worker.send(round);
        } catch (error) {
          tell('round', error.name, error.message.slice(0, 37));
        }
        worker.on('error', (error) => tell('error', error.name, error.code, error.message));
        worker.on('online', () => {
          worker.process.disconnect();
          tell('connected', worker.isConnected(), worker.process.connected, worker.process.channel ?? null);
          tell(
            'false',
            worker.send('late'),
            worker.send('late', (error) => tell('called', error.code)),
          );
          worker.process.disconnect();
        });
        worker.on('exit', (exit, signal) => tell('exit', exit, signal, worker.exitedAfterDisconnect));
      },
      worker() {},
    });
    expect(of('sent')).toEqual([]);
    expect(of('nothing')).toEqual([['TypeError', 'ERR_MISSING_ARGS']]);
    expect(of('undefined')).toEqual([['TypeError', 'ERR_MISSING_ARGS']]);
    for (const name of ['function', 'symbol', 'bigint', 'options', 'list', 'callback']) {
      expect([name, of(name)]).toEqual([name, [['TypeError', 'ERR_INVALID_ARG_TYPE']]]);
    }
    expect(of('handle')).toEqual([['TypeError', 'ERR_INVALID_HANDLE_TYPE']]);
    expect(of('text')).toEqual([['TypeError', 'ERR_INVALID_HANDLE_TYPE']]);
    expect(of('round')).toEqual([['TypeError', 'Converting circular structure to JSON']]);
    expect(of('connected')).toEqual([[false, false, null]]);
    expect(of('false')).toEqual([[false, false]]);
    expect(of('called')).toEqual([['ERR_IPC_CHANNEL_CLOSED']]);
    expect(of('error')).toEqual([
      ['Error', 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'],
      ['Error', 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed'],
    ]);
    expect(of('exit')).toEqual([[0, null, false]]);
  });

  test('what a primary sends just before process.exit() arrives', async () => {
    const { code, reports } = await run(how, {
      primary({ cluster }) {
        const worker = cluster.fork();
        worker.once('message', () => {
          for (let n = 0; n < 100; n++) worker.send({ n });
          process.exit(5);
        });
      },
      worker({ report }) {
        let received = 0;
        process.on('message', () => {
          received += 1;
          // A worker of a primary that is gone ends by itself.
          if (received === 100) report('all');
        });
        process.send('ready');
      },
    });
    expect(code).toBe(5);
    expect(reports('all')).toHaveLength(1);
  });

  test('what a worker sends just before it ends arrives before its exit event', async () => {
    const { of, told } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        let received = 0;
        worker.on('message', () => (received += 1));
        worker.on('disconnect', () => tell('disconnect', received));
        worker.on('exit', (...args) => tell('exit', received, ...args));
      },
      worker() {
        for (let n = 0; n < 50; n++) process.send({ n, filling: 'x'.repeat(100) });
        process.exit(4);
      },
    });
    expect(of('exit')[0].slice(1)).toEqual([4, null]);
    expect(of('disconnect')).toEqual([[50]]);
    expect(told).toHaveLength(2);
  });

  test('messages are heard on the worker, its process and the cluster, those of Node itself are not', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.process.on('message', (message) => tell('process', message));
        worker.on('message', (message) => tell('worker', message));
        cluster.on('message', (from, message) => tell('cluster', from === worker, message));
      },
      worker() {
        process.send({ cmd: 'NODE_OWN', n: 1 });
        process.send({ cmd: 'own', n: 2 }, () => process.disconnect());
      },
    });
    expect(of('process')).toEqual([[{ cmd: 'own', n: 2 }]]);
    expect(of('worker')).toEqual([[{ cmd: 'own', n: 2 }]]);
    expect(of('cluster')).toEqual([[true, { cmd: 'own', n: 2 }]]);
  });
});
