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
const paths = async () =>
  (await postgres.query("SELECT path FROM visits WHERE path <> '/' ORDER BY id")).map(({ path }) => path);

test('a request keeps its database through a reload and through the end; no session is left', async () => {
  const { app, port } = await startExample('pg', { DATABASE_URL: postgres.url });
  const workers = await bothWorkers(port);

  const outlivesReload = request(port, '/slow');
  await until(async () => (await paths()).length === 1);
  await reload(app, port, workers);
  expect(await outlivesReload).toMatchObject({ status: 200 });
  expect(workers).toContain((await outlivesReload).body.pid);

  const outlivesEnd = request(port, '/slow');
  await until(async () => (await paths()).length === 3);
  app.kill('SIGTERM');
  expect(await outlivesEnd).toMatchObject({ status: 200 });
  expect(await ended(app)).toEqual(GOOD_END);
  expect(await paths()).toEqual(['/slow', '/slow, at last', '/slow', '/slow, at last']);
  await until(async () => (await sessions()).length === 0);
  expect(app.output).not.toContain('rror');
});

test('a server that drops its idle connections ends no worker', async () => {
  const { app, port } = await startExample('pg', { DATABASE_URL: postgres.url });
  const workers = await bothWorkers(port);
  await postgres.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  await until(async () => (await sessions()).length === 0);
  await until(async () => (await request(port)).status === 200);
  expect(await bothWorkers(port)).toEqual(workers);
  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
});
