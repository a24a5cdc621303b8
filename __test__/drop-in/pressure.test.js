'use strict';

const { script } = require('../e2e/support/files');
const { test } = require('../e2e/support/at-once');
const { run, start } = require('./support/run');

test('who sends the next message when the one before was taken fills no memory for a worker that stands still', async () => {
  const { reports, of, code } = await run('register', {
    async primary({ cluster, tell }) {
      const { once } = require('node:events');
      const stuck = cluster.fork();
      const idle = cluster.fork();
      await Promise.all([once(stuck, 'message'), once(idle, 'message')]);
      process.kill(stuck.process.pid, 'SIGSTOP');
      const most = 1000;
      let sent = 0;
      const next = () => {
        sent += 1;
        if (sent < most) stuck.send('x'.repeat(64 * 1024), next);
      };
      next();
      // Each goes when the one before it was taken: at some time none is.
      let before;
      while (before !== sent) {
        before = sent;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      tell('held', sent < most);
      tell('idle', idle.send('a'), await new Promise((resolve) => idle.send('b', resolve)));
      process.kill(stuck.process.pid, 'SIGCONT');
      await once(stuck, 'message');
      tell('all');
      cluster.disconnect();
    },
    worker({ report }) {
      let got = 0;
      process.on('message', () => {
        got += 1;
        if (got === 999) process.send('all');
      });
      process.send('ready');
      report('ready', {});
    },
  });
  expect({ code, held: of('held'), idle: of('idle'), all: of('all') }).toEqual({
    code: 0,
    held: [[true]],
    idle: [[true, null]],
    all: [[]],
  });
  expect(reports('ready')).toHaveLength(2);
});

test('a callback of what waits is told when the channel ends', async () => {
  const { of, code } = await run('register', {
    async primary({ cluster, tell }) {
      const { once } = require('node:events');
      const worker = cluster.fork();
      await once(worker, 'message');
      process.kill(worker.process.pid, 'SIGSTOP');
      const codes = new Set();
      let left = 0;
      const sent = (error) => {
        codes.add(error ? error.code : null);
        left -= 1;
        if (left === 0) tell('codes', [...codes]);
      };
      // Until the worker is behind: the callback of the last one waits.
      do {
        left += 1;
        await new Promise(setImmediate);
      } while (worker.send('x'.repeat(256 * 1024), sent));
      worker.process.kill('SIGKILL');
    },
    worker() {
      process.on('message', () => {});
      process.send('ready');
    },
  });
  expect({ code, codes: of('codes') }).toEqual({ code: 0, codes: [[[null, 'ERR_IPC_CHANNEL_CLOSED']]] });
});

describe('with drain', () => {
  const env = { YUNFLY_DRAIN: '1', YUNFLY_KILL_TIMEOUT: '1000' };

  test('a worker that stands still and is killed by SIGTERM gets SIGKILL when its time is over', async () => {
    const { of, code } = await run(
      'register',
      {
        async primary({ cluster, tell }) {
          const { once } = require('node:events');
          const worker = cluster.fork();
          await once(worker, 'message');
          worker.send('block');
          worker.kill();
          tell('exit', ...(await once(worker, 'exit')));
        },
        worker() {
          process.on('message', () => {
            for (;;);
          });
          process.send('ready');
        },
      },
      { env },
    );
    expect({ code, exit: of('exit') }).toEqual({ code: 0, exit: [[null, 'SIGKILL']] });
  });

  test.each(['SIGINT', 'SIGQUIT', 'SIGHUP'])(
    '%s to a worker without listeners of its own drains it',
    async (signal) => {
      const { of, code } = await run(
        'register',
        {
          async primary({ cluster, tell, given }) {
            const { once } = require('node:events');
            const worker = cluster.fork();
            await once(worker, 'listening');
            // As PM2 does it: not by worker.kill().
            process.kill(worker.process.pid, given.signal);
            tell('exit', ...(await once(worker, 'exit')));
          },
          worker() {
            require('node:http').createServer().listen(0);
          },
        },
        { env: { ...env, YUNFLY_KILL_TIMEOUT: '60000' }, given: { signal } },
      );
      expect({ code, exit: of('exit') }).toEqual({ code: 0, exit: [[0, null]] });
    },
  );
});

test('hangTimeout does not count while a worker loads', async () => {
  const app = start(
    'register',
    {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        const worker = cluster.fork();
        worker.once('exit', (code, signal) => tell('exit', code, signal));
        tell('said', ...(await once(worker, 'message')).slice(0, 1));
        worker.disconnect();
      },
      worker() {
        const until = Date.now() + 2500;
        while (Date.now() < until);
        process.send('loaded');
      },
    },
    { env: { YUNFLY_HANG_TIMEOUT: '1000' } },
  );
  await app.gone;
  expect({ said: app.events('said'), exit: app.events('exit') }).toEqual({ said: [['loaded']], exit: [[0, null]] });
});

describe.each(['node', 'register'])('%s', (how) => {
  test('what was received before a listener disconnects is told all the same', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        const { readFileSync } = require('node:fs');
        const worker = cluster.fork();
        worker.on('message', (message) => {
          tell('message', message);
          if (message === 1) worker.process.disconnect();
        });
        await once(worker, 'online');
        // Everything has come when this event loop turns again: the worker waits, and uses no CPU any more.
        const used = () => readFileSync(`/proc/${worker.process.pid}/stat`, 'utf8').split(' ').slice(13, 15).join();
        for (let before, same = 0; same < 50; before = used()) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
          same = before === used() ? same + 1 : 0;
        }
      },
      worker() {
        for (const message of [1, 2, 3]) process.send(message);
      },
    });
    expect({ code, messages: of('message') }).toEqual({ code: 0, messages: [[1], [2], [3]] });
  });

  test('settings and arguments that Node takes', async () => {
    const exec = script("process.send('ready'); process.on('message', () => {});");
    const { of, code } = await run(
      how,
      {
        async primary({ cluster, tell, given: { exec } }) {
          const { once } = require('node:events');
          cluster.setupPrimary({ exec, args: undefined });
          const worker = cluster.fork();
          const [message] = await once(worker, 'message');
          tell('sent', message, worker.send('a', false), worker.send('b', 0), worker.send('c', null));
          worker.disconnect();
        },
      },
      { given: { exec } },
    );
    expect({ code, sent: of('sent') }).toEqual({ code: 0, sent: [['ready', true, true, true]] });
  });
});

test('of what a worker that died had not read the number is told, not each', async () => {
  const { of, output, code } = await run('register', {
    async primary({ cluster, tell }) {
      const { once } = require('node:events');
      const worker = cluster.fork();
      await once(worker, 'online');
      worker.process.kill('SIGSTOP');
      // More than its channel holds.
      for (let n = 0; n < 5000; n++) worker.send('x'.repeat(1000));
      worker.process.kill('SIGKILL');
      const [, signal] = await once(worker, 'exit');
      tell('exit', signal);
    },
    worker() {
      process.on('message', () => {});
    },
  });
  expect(code).toBe(0);
  expect(of('exit')).toEqual([['SIGKILL']]);
  const warnings = output.match(/CLUSTER_MESSAGE_UNDELIVERED/g);
  expect(warnings.length).toBeGreaterThan(8);
  expect(warnings.length).toBeLessThan(14);
  expect(output).toContain('There were 2048 of these so far.');
});
