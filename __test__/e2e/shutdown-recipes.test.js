'use strict';
// The snippets of docs/shutdown-recipes.md, verbatim, in workers that are told to leave while a request is under way.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { start, fixture, runtime } = require('./support/cluster');
const { request } = require('./support/client');
const { folder } = require('./support/files');
const { Postgres } = require('./support/postgres');
const { root } = require('./support/project');

const [major, minor] = execFileSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.').map(Number);
/** Prisma 7 and pg-boss 12 need it: ES modules that are required. */
const testRecent = major > 20 || (major === 20 && minor >= 19) ? test : test.skip;

/** The code under each heading of a document: { heading: source }. */
function snippets(document) {
  const sections = fs.readFileSync(path.join(root, 'docs', document), 'utf8').split(/^## /m).slice(1);
  return sections.map((section) => ({
    heading: section.slice(0, section.indexOf('\n')),
    source: /^```js\n(.*?)^```$/ms.exec(section)[1],
  }));
}

function snippet(about) {
  return snippets('shutdown-recipes.md').find(({ heading }) => heading.includes(about)).source;
}

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

/** A worker of a project that has `source`, and uses what that makes as fixtures/recipes/<name>.js does. */
function worker(name, source) {
  const project = folder();
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(project, 'node_modules'));
  if (name === 'prisma') buildPrismaClient(path.join(project, 'generated/prisma'));
  const exec = path.join(project, 'worker.js');
  const common = `const { draining, report, serve } = require(${JSON.stringify(fixture('recipes/serve.js'))});\n`;
  fs.writeFileSync(exec, `${common}${source}\n${fs.readFileSync(fixture(`recipes/${name}.js`), 'utf8')}`);
  return exec;
}

const ways = {
  'reload()': (app) => app.call('reload'),
  'close()': (app) => app.call('close'),
};

/** What a worker told, in order, and its answer, when it is told to leave in the middle of a request. */
async function leaveUnderRequest(way, exec) {
  const app = await start({ exec, count: 1, env: { DATABASE_URL: postgres.url } });
  const answer = request(await app.port());
  const { pid } = await app.report('under way');
  const [{ count }] = await postgres.query('SELECT count(*)::int FROM pg_stat_activity WHERE application_name = $1', [String(pid)]);
  expect(count).toBeGreaterThan(0);
  const done = ways[way](app);
  const { status, text } = await answer;
  const [, code, signal] = await app.event('exit', (child) => child.pid === pid);
  await done;
  const reports = app.history().filter(({ name, args }) => name === 'report' && args[0].pid === pid);
  return {
    answer: status === 200 ? Number(text) === pid : text,
    story: reports.map(({ args: [{ kind }] }) => kind),
    end: app.reports('ended').find((report) => report.pid === pid),
    exit: [code, signal],
    unexpected: app.events('unexpectedExit').length,
  };
}

const postgres = new Postgres();

beforeAll(() => postgres.start());
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.query('DROP TABLE IF EXISTS visits, "Visit"; DROP SCHEMA IF EXISTS pgboss CASCADE');
  await postgres.query('CREATE TABLE visits (id serial, path text)');
  await postgres.query('CREATE TABLE "Visit" (id serial PRIMARY KEY, path text NOT NULL)');
});

/** Nothing is left at the server, and the process ended by itself. */
const goodEnd = { answer: true, exit: [0, null], unexpected: 0, end: expect.objectContaining({ code: 0, connections: 0 }) };

test('both languages have the same snippets', () => {
  const sources = (document) => snippets(document).map(({ source }) => source);
  expect(sources('shutdown-recipes.zh-CN.md')).toEqual(sources('shutdown-recipes.md'));
});

describe.each(Object.keys(ways))('%s', (way) => {
  test('pg', async () => {
    const left = await leaveUnderRequest(way, worker('pg', snippet('pg')));
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'ran out of work', 'ended'] });
    expect(await postgres.query('SELECT path FROM visits ORDER BY path')).toEqual([{ path: 'after' }, { path: 'before' }, { path: 'beside' }]);
  });

  testRecent('Prisma', async () => {
    const left = await leaveUnderRequest(way, worker('prisma', snippet('Prisma')));
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'ran out of work', 'ended'] });
    expect(await postgres.query('SELECT path FROM "Visit" ORDER BY path')).toEqual([{ path: 'after' }, { path: 'before' }, { path: 'beside' }]);
  });

  testRecent('pg-boss', async () => {
    const left = await leaveUnderRequest(way, worker('pg-boss', snippet('pg-boss')));
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'sent', 'ran out of work', 'ended'] });
    // The request's job was accepted, and is for the workers to come.
    const jobs = await postgres.query("SELECT data->>'to' AS to, state::text FROM pgboss.job WHERE name = 'mail' ORDER BY created_on");
    expect(jobs).toMatchObject([{ to: 'before', state: 'completed' }, { to: 'after' }]);
  });
});
