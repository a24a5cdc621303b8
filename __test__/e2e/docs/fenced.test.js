'use strict';
// The token of docs/en/guide/fleet.md, "Check the token where you write": its table and its fenced(), verbatim, on a real PostgreSQL.

const fs = require('node:fs');
const path = require('node:path');
const { Pool } = require('pg');
const { snippetsOf } = require('../../../scripts/docs/snippets');
const { folder } = require('../support/files');
const { Postgres } = require('../support/postgres');

const snippets = snippetsOf('docs/en/guide/fleet.md');
const table = snippets.find(({ code }) => code.startsWith('CREATE TABLE')).code;

const postgres = new Postgres();
/** Of each connection of the pool, its end, which `pool.end()` does not wait for. */
const ends = [];
let pool, fenced;
beforeAll(async () => {
  await postgres.start();
  pool = new Pool({ connectionString: postgres.url });
  pool.on('connect', (client) => ends.push(new Promise((resolve) => client.once('end', resolve))));
  await postgres.query(`${table} CREATE TABLE writes (token text);`);
  const file = path.join(folder(), 'fenced.js');
  fs.writeFileSync(file, snippets.find(({ name }) => name === 'fenced.js').code);
  ({ fenced } = require(file));
});
beforeEach(() => postgres.query('DELETE FROM writes; UPDATE fences SET bucket = 0, revision = 0;'));
afterAll(async () => {
  await pool?.end();
  // A server that stops tells a client that is still connected, and nobody listens to that error.
  await Promise.all(ends);
  await postgres.stop();
});

const write = (token) => fenced(pool, { token }, (client) => client.query('INSERT INTO writes VALUES ($1)', [token]));
const written = async () => (await postgres.query('SELECT token FROM writes')).map(({ token }) => token);

/** A bucket's creation, in ns since 1970: more than a JavaScript number holds exactly. */
const BUCKET = '1795743487123456789';
const LATER_BUCKET = '1795743487123456790';

test('the same token may write again, a higher one as well, and then the lower one no more', async () => {
  await write(`${BUCKET}.9`);
  await write(`${BUCKET}.9`);
  await write(`${BUCKET}.10`);
  await expect(write(`${BUCKET}.9`)).rejects.toThrow('another host has the alone by now');
  expect(await written()).toEqual([`${BUCKET}.9`, `${BUCKET}.9`, `${BUCKET}.10`]);
});

test('a bucket that was made anew counts from 1', async () => {
  await write(`${BUCKET}.500`);
  await write(`${LATER_BUCKET}.1`);
  await expect(write(`${BUCKET}.501`)).rejects.toThrow('another host has the alone by now');
  expect(await written()).toEqual([`${BUCKET}.500`, `${LATER_BUCKET}.1`]);
});

test('what fails leaves nothing, and gives its connection back', async () => {
  const fails = (client) => client.query('INSERT INTO nothing VALUES (1)');
  await expect(fenced(pool, { token: `${BUCKET}.7` }, fails)).rejects.toThrow('"nothing"');
  expect(pool.totalCount - pool.idleCount).toBe(0);
  await write(`${BUCKET}.6`);
  expect(await written()).toEqual([`${BUCKET}.6`]);
});

test('while one writes, a later one waits for its end', async () => {
  let finish;
  const order = [];
  const first = fenced(pool, { token: `${BUCKET}.1` }, async () => {
    await new Promise((resolve) => {
      finish = resolve;
      order.push('begun');
    });
    order.push('first');
  });
  while (order.length === 0) await postgres.query('SELECT');
  const second = fenced(pool, { token: `${BUCKET}.2` }, async () => order.push('second'));
  const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE fences%'`;
  while ((await postgres.query(waits)).length === 0);
  finish();
  await Promise.all([first, second]);
  expect(order).toEqual(['begun', 'first', 'second']);
});
