'use strict';
// Messages, requests, topics and jobs between hosts, on a real NATS server.

const { fixture } = require('../support/cluster');
const { until } = require('../support/until');
const { host, startServer, stopServers, suite } = require('../support/fleet');

suite('between hosts', () => {
  afterEach(stopServers);

  let server;
  beforeEach(async () => {
    server = await startServer();
  });

  /** Two hosts with one worker each, that know of each other: the one with the alone is `holder`. */
  async function two(fleet) {
    const config = { alone: fixture('alone/fleet-talk.js'), exec: fixture('fleet-talk.js'), count: 1, fleet };
    const apps = [host('a', server, config), host('b', server, config)];
    await Promise.all(apps.map((app) => app.event('started')));
    await Promise.all(apps.map((app) => app.event('hostJoin')));
    const holder = apps.find((app) => app.events('aloneAcquired').length > 0);
    const other = apps.find((app) => app !== holder);
    for (const app of apps) {
      const { children } = await app.call('stats');
      app.worker = children.find(({ role }) => role === 'worker').pid;
      app.alone = children.find(({ role }) => role === 'alone')?.pid;
    }
    return { holder, other, apps };
  }

  const tell = (app, message) => app.call('sendmessage', { to: 'worker', ...message });

  async function ask(app, ...args) {
    const before = app.reports('answer').length;
    await tell(app, { ask: args });
    const answers = await app.reported('answer', before + 1);
    return answers[before];
  }

  test('messages: to all, to one, to the alone', async () => {
    const { holder, other } = await two();
    const all = [holder.report('got'), other.report('got')];
    await tell(other, { send: { to: 'worker', type: 'all', scope: 'fleet', note: 1 } });
    expect(await Promise.all(all)).toEqual([
      expect.objectContaining({ note: 1, pid: holder.worker }),
      expect.objectContaining({ note: 1, pid: other.worker }),
    ]);
    const one = holder.report('got', ({ note }) => note === 2);
    const name = `${holder.host}/${holder.worker}`;
    await tell(other, { send: { to: 'worker', worker_pid: name, scope: 'fleet', note: 2 } });
    expect(await one).toMatchObject({ note: 2, pid: holder.worker });
    const alone = holder.report('got', ({ note }) => note === 3);
    await tell(other, { send: { to: 'alone', note: 3 } });
    expect(await alone).toMatchObject({ note: 3, pid: holder.alone });
    expect(other.reports('got')).toHaveLength(1);
  });

  test('requests: the alone, all workers, nobody', async () => {
    const { holder, other } = await two();
    expect(await ask(other, 'request', { to: 'alone', action: 'who' })).toMatchObject({
      answer: { pid: holder.alone, host: other.host },
    });
    const { answer } = await ask(other, 'request', { to: 'worker', type: 'all', scope: 'fleet', action: 'who' });
    expect(answer.map(([key]) => key).sort()).toEqual([holder, other].map((app) => `${app.host}/${app.worker}`).sort());
    const nobody = { to: 'worker', worker_pid: 'nowhere/1', scope: 'fleet', action: 'who' };
    expect(await ask(other, 'request', nobody)).toMatchObject({ code: 'ERR_REQUEST_UNDELIVERABLE' });
  });

  test('topics, jobs and the random worker', async () => {
    const { holder, other, apps } = await two();
    const news = apps.map((app) => app.report('news'));
    await tell(other, { publication: ['news', 'today', { scope: 'fleet' }] });
    expect((await Promise.all(news)).map(({ value }) => value)).toEqual(['today', 'today']);
    const { answer } = await ask(other, 'job', 'who', 1);
    expect([holder.worker, other.worker]).toContain(answer.pid);
    const chosen = await other.call('randomWorker', { note: 'chosen' }, { scope: 'fleet' });
    expect([holder, other].map((app) => ({ host: app.host, pid: app.worker }))).toContainEqual(chosen);
  });

  test('a host that stops is no member any more; what is for it reaches nobody', async () => {
    // With a short lease a host that gets no CPU for a moment counts as silent.
    const { holder, other } = await two({ lease: 15_000 });
    const name = `${other.host}/${other.worker}`;
    const left = holder.event('hostLeave');
    other.kill('SIGTERM');
    expect(await left).toEqual([{ host: other.host, reason: 'closed' }]);
    const one = { to: 'worker', worker_pid: name, scope: 'fleet', action: 'who' };
    expect(await ask(holder, 'request', one)).toMatchObject({ code: 'ERR_REQUEST_UNDELIVERABLE' });
    const { answer } = await ask(holder, 'request', { to: 'worker', type: 'all', scope: 'fleet', action: 'who' });
    expect(answer.map(([key]) => key)).toEqual([`${holder.host}/${holder.worker}`]);
  });

  test('without the server what is for others fails at once, and a job is done here', async () => {
    const { holder, other } = await two();
    const name = `${other.host}/${other.worker}`;
    await server.stop();
    const one = { to: 'worker', worker_pid: name, scope: 'fleet', action: 'who' };
    // Until the engine has noticed, it has reached nobody.
    await until(async () => {
      const { code, words } = await ask(holder, 'request', one);
      expect(code).toBe('ERR_REQUEST_UNDELIVERABLE');
      return words.includes('fleet-away');
    });
    const all = { to: 'worker', type: 'all', scope: 'fleet', action: 'who' };
    expect(await ask(holder, 'request', all)).toMatchObject({ code: 'ERR_REQUEST_UNDELIVERABLE' });
    expect(await ask(holder, 'job', 'who', 1)).toMatchObject({ answer: { pid: holder.worker } });
  });
});
