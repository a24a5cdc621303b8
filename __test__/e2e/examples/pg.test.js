'use strict';
// examples/pg, with a server of its own.

const { GOOD_END, bothWorkers, ended, reload, startExample } = require('../support/examples');
const { request } = require('../support/client');
const { Postgres } = require('../support/postgres');
const { until } = require('../support/until');

const postgres = new Postgres();

beforeAll(() => postgres.start());
afterAll(() => postgres.stop());

/** What the example's processes do at the server. */
const sessions = () =>
  postgres.query(
    "SELECT query, state FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
const sleeping = async () =>
  (await sessions()).some(({ query, state }) => state === 'active' && query.includes('pg_sleep'));
const paths = async () =>
  (await postgres.query("SELECT path FROM visits WHERE path <> '/' ORDER BY id")).map(({ path }) => path);

test('a request keeps its database through a reload and through the end; no session is left', async () => {
  const { app, port } = await startExample('pg', { DATABASE_URL: postgres.url });
  const workers = await bothWorkers(port);

  const outlivesReload = request(port, '/slow');
  await until(sleeping);
  await reload(app, port, workers);
  expect(await outlivesReload).toMatchObject({ status: 200 });
  expect(workers).toContain((await outlivesReload).body.pid);

  const outlivesEnd = request(port, '/slow');
  await until(sleeping);
  app.kill('SIGTERM');
  expect(await outlivesEnd).toMatchObject({ status: 200 });
  expect(await ended(app)).toEqual(GOOD_END);
  expect(await paths()).toEqual(['/slow', '/slow, at last', '/slow', '/slow, at last']);
  await until(async () => (await sessions()).length === 0);
  expect(app.output).not.toContain('rror');
});
