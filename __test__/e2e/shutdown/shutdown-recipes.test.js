'use strict';
// The recipes of docs/en/guide/shutdown-recipes.md for PostgreSQL.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { fixture, runtime } = require('../support/cluster');
const { Postgres } = require('../support/postgres');
const { leaveUnderRequest, snippet, snippets, ways, worker } = require('../support/recipes');

const [major, minor] = execFileSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  .split('.')
  .map(Number);
/** Prisma 7 and pg-boss 12 need it: ES modules that are required. */
const testRecent = major > 20 || (major === 20 && minor >= 19) ? test : test.skip;

/** The client that `npx prisma@7.10.0 generate` made of fixtures/recipes/schema.prisma (without what is for types and browsers), as a
 *  build step compiles it. */
function buildPrismaClient(to) {
  for (const file of ['client.ts', 'enums.ts', 'internal/class.ts', 'internal/prismaNamespace.ts']) {
    const source = fs.readFileSync(fixture(`recipes/prisma-client/${file}`), 'utf8');
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const compiled = path.join(to, file.replace('.ts', '.js'));
    fs.mkdirSync(path.dirname(compiled), { recursive: true });
    fs.writeFileSync(compiled, ts.transpileModule(source, { compilerOptions }).outputText);
  }
}

const postgres = new Postgres();

beforeAll(() => postgres.start());
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.query('DROP TABLE IF EXISTS visits, "Visit"; DROP SCHEMA IF EXISTS pgboss CASCADE');
  await postgres.query('CREATE TABLE visits (id serial, path text)');
  await postgres.query('CREATE TABLE "Visit" (id serial PRIMARY KEY, path text NOT NULL)');
});

const usePrisma = (project) => buildPrismaClient(path.join(project, 'generated/prisma'));

const database = () => ({
  env: { DATABASE_URL: postgres.url },
  async connections(pid) {
    const [{ count }] = await postgres.query('SELECT count(*)::int FROM pg_stat_activity WHERE application_name = $1', [
      String(pid),
    ]);
    return count;
  },
});

/** Nothing is left at the server, and the process ended by itself. */
const goodEnd = {
  wasConnected: true,
  answer: true,
  exit: [0, null],
  unexpected: 0,
  end: expect.objectContaining({ code: 0, connections: 0 }),
};

test('both languages have the same snippets', () => {
  const sources = (document) => snippets(document).map(({ source }) => source);
  expect(sources('zh/guide/shutdown-recipes.md')).toEqual(sources('en/guide/shutdown-recipes.md'));
});

describe.each(Object.keys(ways))('%s', (way) => {
  test('pg', async () => {
    const left = await leaveUnderRequest(way, worker('pg', snippet('pg')), database());
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'ran out of work', 'ended'] });
    expect(await postgres.query('SELECT path FROM visits ORDER BY path')).toEqual([
      { path: 'after' },
      { path: 'before' },
      { path: 'beside' },
    ]);
  });

  testRecent('Prisma', async () => {
    const left = await leaveUnderRequest(way, worker('prisma', snippet('Prisma'), usePrisma), database());
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'ran out of work', 'ended'] });
    expect(await postgres.query('SELECT path FROM "Visit" ORDER BY path')).toEqual([
      { path: 'after' },
      { path: 'before' },
      { path: 'beside' },
    ]);
  });

  testRecent('pg-boss', async () => {
    const left = await leaveUnderRequest(way, worker('pg-boss', snippet('pg-boss')), database());
    expect(left).toEqual({
      ...goodEnd,
      story: ['under way', 'draining', 'answered', 'sent', 'ran out of work', 'ended'],
    });
    // The request's job was accepted, and is for the workers to come.
    const jobs = await postgres.query(
      "SELECT data->>'to' AS to, state::text FROM pgboss.job WHERE name = 'mail' ORDER BY created_on",
    );
    expect(jobs).toMatchObject([{ to: 'before', state: 'completed' }, { to: 'after' }]);
  });
});
