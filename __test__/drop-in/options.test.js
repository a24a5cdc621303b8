'use strict';

const { test } = require('../e2e/support/at-once');
const { REGISTER, run } = require('./support/run');

/** Runs a primary that calls configure() with each of these, forks, and calls it once more. */
const configured = (all, options) =>
  run(
    'register',
    {
      primary({ cluster, tell, given: { register, all } }) {
        const { configure } = require(register);
        const call = (options) => {
          try {
            configure(options);
            tell('fine', options);
          } catch (error) {
            tell('error', error.name, error.code, error.message);
          }
        };
        for (const options of all) call(options);
        try {
          cluster.fork().on('exit', () => call({ drain: false }));
        } catch (error) {
          tell('fork', error.name, error.code, error.message);
        }
      },
      worker() {
        process.exit();
      },
    },
    { ...options, given: { register: REGISTER, all } },
  );

test('configure() takes each option, and what it refuses names the option and what it may be', async () => {
  const fine = [
    {},
    { balance: 'shared' },
    { balance: 'auto' },
    { drain: true },
    { drain: false },
    { hangTimeout: 1000 },
    { hangTimeout: false },
    { killTimeout: 5000 },
    { maxMemory: '512M' },
    { maxMemory: false, drain: true, balance: 'auto' },
  ];
  const wrong = {
    balance: 'fair',
    drain: 'yes',
    hangTimeout: 10,
    killTimeout: 'long',
    maxMemory: 'much',
  };
  const { of, code } = await configured([
    ...fine,
    ...Object.entries(wrong).map(([name, value]) => ({ [name]: value })),
    { maxmemory: 1 },
    { constructor: 1 },
    null,
    'drain',
  ]);
  expect(code).toBe(0);
  expect(of('fine').flat()).toEqual(fine);
  const errors = of('error');
  for (const [index, name] of Object.keys(wrong).entries()) {
    const [type, errorCode, message] = errors[index];
    expect([type, errorCode]).toEqual(['ClusterError', 'ERR_CONFIG_INVALID']);
    expect(message).toContain(`${name}`);
    expect(message).toContain(`It comes from configure({ ${name} }).`);
  }
  const rest = errors.slice(Object.keys(wrong).length);
  expect(rest.map(([, errorCode]) => errorCode)).toEqual([
    ...Array(4).fill('ERR_CONFIG_INVALID'),
    'ERR_ALREADY_STARTED',
  ]);
  expect(rest[0][2]).toContain('balance, drain, hangTimeout, killTimeout, maxMemory');
  expect(rest[4][2]).toContain('before the first cluster.fork()');
});

test.each([
  ['YUNFLY_BALANCE', 'fair', 'balance'],
  ['YUNFLY_DRAIN', 'yes', 'drain'],
  ['YUNFLY_HANG_TIMEOUT', '5', 'hangTimeout'],
  ['YUNFLY_KILL_TIMEOUT', 'long', 'killTimeout'],
  ['YUNFLY_MAX_MEMORY', 'much', 'maxMemory'],
])('%s=%s: the first fork says so', async (variable, value, name) => {
  const { of, code } = await configured([], { env: { [variable]: value } });
  expect(code).toBe(0);
  const [[type, errorCode, message]] = of('fork');
  expect([type, errorCode]).toEqual(['ClusterError', 'ERR_CONFIG_INVALID']);
  expect(message).toContain(name);
  expect(message).toContain(`It comes from ${variable}.`);
});

test('variables that are right or empty, and configure() goes before them', async () => {
  const env = {
    YUNFLY_BALANCE: 'shared',
    YUNFLY_DRAIN: '1',
    YUNFLY_HANG_TIMEOUT: '2000',
    YUNFLY_KILL_TIMEOUT: '',
    YUNFLY_MAX_MEMORY: 'wrong',
  };
  const { of, code } = await configured([{ maxMemory: '1G' }], { env });
  expect(code).toBe(0);
  expect(of('fork')).toEqual([]);
});

/** A primary with one worker, whose slow answer is under way when it is asked to end. */
const slow = {
  primary({ cluster, tell, given }) {
    require(given.register).configure({ drain: true });
    const http = require('node:http');
    const worker = cluster.fork();
    worker.on('message', () => {
      if (given.how === 'disconnect') worker.disconnect();
      else worker.process.kill(given.how);
    });
    cluster.on('listening', (_, { port }) => {
      http
        .get({ port, host: '127.0.0.1' }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part) => (text += part));
          answer.on('end', () => tell('answer', text, answer.headers.connection));
          answer.on('error', (error) => tell('error', error.code));
        })
        .on('error', (error) => tell('error', error.code));
    });
    cluster.on('exit', (_, ...args) => tell('exit', ...args, worker.exitedAfterDisconnect));
  },
  worker() {
    const server = require('node:http').createServer((_, answer) => {
      process.send('asked');
      process.once('yunfly:drain', () => setTimeout(() => answer.end('answered'), 100));
    });
    server.listen(0, '127.0.0.1');
  },
};

test.each(['disconnect', 'SIGTERM'])('drain: %s answers what is under way', async (how) => {
  const { of, code } = await run('register', slow, { given: { how, register: REGISTER } });
  expect(code).toBe(0);
  expect(of('error')).toEqual([]);
  expect(of('answer')).toEqual([['answered', 'close']]);
  expect(of('exit')[0].slice(0, 2)).toEqual([0, null]);
});

test('hangTimeout: a worker whose event loop stands still is ended, and the app hears of it', async () => {
  const { of, output, code } = await run(
    'register',
    {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.on('exit', (...args) => tell('exit', ...args, worker.exitedAfterDisconnect));
        cluster.on('listening', () => worker.send('hang'));
      },
      worker() {
        process.on('message', () => {
          for (;;);
        });
        require('node:net').createServer().listen(0);
      },
    },
    { env: { YUNFLY_HANG_TIMEOUT: '1000' } },
  );
  expect(code).toBe(0);
  expect(of('exit')).toEqual([[null, 'SIGTERM', false]]);
  expect(output).toContain('Worker 1 was silent for');
});

test('maxMemory: a worker that holds more is disconnected, as if it had left by itself', async () => {
  const { of, output, code } = await run(
    'register',
    {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.on('exit', (...args) => tell('exit', ...args, worker.exitedAfterDisconnect));
      },
      worker() {
        globalThis.much = Buffer.alloc(2 ** 27, 1);
        require('node:net').createServer().listen(0);
      },
    },
    { env: { YUNFLY_MAX_MEMORY: '128M' } },
  );
  expect(code).toBe(0);
  expect(of('exit')).toEqual([[0, null, false]]);
  expect(output).toContain('Worker 1 holds more than maxMemory');
});
