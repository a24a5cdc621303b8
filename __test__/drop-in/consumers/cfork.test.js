'use strict';

const { fixture } = require('../../e2e/support/cluster');
const { WAYS, answering, pidsOf, startConsumer } = require('../support/consumers');

const exec = fixture('drop-in/consumers/cfork-worker.js');

describe.each(Object.keys(WAYS))('cfork, %s', (way) => {
  test('workers get what is set for them, slaves what is set for those', async () => {
    const slave = fixture('drop-in/consumers/cfork-slave.js');
    const app = startConsumer(way, 'cfork', {
      exec,
      args: ['one', 'two'],
      execArgv: ['--title=told'],
      env: { GIVEN: 'this' },
      serialization: 'advanced',
      slaves: [slave],
    });
    const workers = await app.reported('listening', 2);
    for (const worker of workers) {
      expect(worker).toMatchObject({ args: ['one', 'two'], execArgv: ['--title=told'], given: 'this' });
      expect(worker.slave).toBeUndefined();
    }
    expect(workers.map(({ index }) => index).sort()).toEqual(['0', '1']);
    expect(await app.report('slave')).toMatchObject({ index: '0' });
    const messages = await app.reported('message', 2);
    expect(messages.map(({ isMap }) => isMap)).toEqual([true, true]);
  });

  test.each([
    ['is killed', 'SIGKILL', { code: null, signal: 'SIGKILL' }],
    ['disconnects', 'SIGUSR2', { code: 0, signal: null }],
  ])('a worker that %s is replaced once', async (_, signal, end) => {
    const app = startConsumer(way, 'cfork', { exec });
    const [leaves, stays] = await app.reported('listening', 2);
    process.kill(leaves.pid, signal);
    const [, , replaces] = await app.reported('listening', 3);
    expect(replaces).toMatchObject({ index: leaves.index, port: leaves.port });
    expect(await answering(stays.port, 2)).toEqual(pidsOf([stays, replaces]));
    expect(await app.report('exit')).toMatchObject({ worker: leaves.pid, state: 'dead', isDead: true, ...end });
    expect(await app.report('disconnect')).toMatchObject({ worker: leaves.pid });
    expect(app.reports('fork')).toHaveLength(3);
  });

  test('workers that die too fast are not replaced any more', async () => {
    const app = startConsumer(way, 'cfork', { exec, limit: 2 });
    const [first, second] = await app.reported('listening', 2);
    process.kill(first.pid, 'SIGKILL');
    await app.reported('listening', 3);
    process.kill(second.pid, 'SIGKILL');
    await app.report('reachReforkLimit');
    await app.reported('exit', 2);
    expect(app.reports('fork')).toHaveLength(3);
  });
});
