'use strict';
// Real apps of the frameworks that people use.

const { start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { Load } = require('../support/load');

const PATH = '/hello?name=cluster';

describe.each(['koa', 'express', 'fastify', 'nest'])('a %s app', (framework) => {
  const exec = fixture(`workers/${framework}.js`);

  test('answers from every worker', async () => {
    const app = await start({ exec, count: 2 });
    const answers = await requests(await app.port(), 60, 8, PATH);
    const pids = new Set(answers.map((answer) => answer.body.pid));
    expect(pids).toEqual(new Set((await app.workers()).map(({ pid }) => pid)));
    for (const { status, body } of answers) expect([status, body.hello]).toEqual([200, 'cluster']);
  });

  test.each([true, false])(
    'is reloaded and closed under load (keep-alive: %s) without a lost request',
    async (keepAlive) => {
      const app = await start({ exec, count: 2, minUptime: 100 });
      const load = new Load(await app.port(), { atOnce: 4, path: PATH, keepAlive });
      await load.answered(50);
      await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
      await load.answered(50);
      await app.call('close');
      const results = await load.refused();
      // Only what found nobody any more, after the end.
      const failed = results.filter(({ status, error }) => status !== 200 && error?.code !== 'ECONNREFUSED');
      expect(failed).toEqual([]);
      expect(app.events('exit').map(([, ...how]) => how)).toEqual(Array(4).fill([0, null]));
    },
  );
});
