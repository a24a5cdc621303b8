'use strict';
// egg-cluster with a minimal framework: its master, its agent, its app workers.

const { freePort } = require('../../e2e/support/free-port');
const { WAYS, answering, pidsOf, startConsumer } = require('../support/consumers');

describe.each(Object.keys(WAYS))('egg-cluster, %s', (way) => {
  test('messages, a worker that dies, and a graceful end', async () => {
    const port = await freePort();
    const app = startConsumer(way, 'egg-cluster', { port, env: 'prod' });
    await app.report('started');
    const [dies, stays] = await app.reported('listening', 2);
    expect(await answering(port, 2)).toEqual(pidsOf([dies, stays]));
    const answers = await app.reported('answer', 2);
    expect(answers.map(({ data: { from } }) => from).sort()).toEqual(pidsOf(answers));

    process.kill(dies.pid, 'SIGKILL');
    const [, , replaces] = await app.reported('listening', 3);
    expect(await answering(port, 2)).toEqual(pidsOf([stays, replaces]));

    app.kill('SIGTERM');
    expect(await app.gone).toEqual({ code: 0, signal: null });
    const closed = app.reports('closed');
    expect(closed.map(({ role }) => role)).toEqual(['Application', 'Application', 'Agent']);
    expect(pidsOf(closed.slice(0, 2))).toEqual(pidsOf([stays, replaces]));
  });

  test('reload in development', async () => {
    const port = await freePort();
    const app = startConsumer(way, 'egg-cluster', { port, env: 'local' });
    await app.report('started');
    const old = await app.reported('listening', 2);
    process.kill(old[0].pid, 'SIGUSR2');
    const [, , ...reloaded] = await app.reported('listening', 4);
    expect(pidsOf(await app.reported('closed', 2))).toEqual(pidsOf(old));
    // Before that, Node may give a connection to one that leaves, and the client waits for ever.
    await app.reported('gone', 2);
    expect(await answering(port, 2)).toEqual(pidsOf(reloaded));
  });

  test('sticky: each address has its worker', async () => {
    const port = await freePort();
    const app = startConsumer(way, 'egg-cluster', { port, sticky: true });
    await app.report('started');
    const pids = new Set();
    for (let i = 0; i < 10; i++) for (const pid of await answering(port, 1)) pids.add(pid);
    expect(pids.size).toBe(1);
    expect(pidsOf(app.reports('listening'))).toContain([...pids][0]);
  });
});
