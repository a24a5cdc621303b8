'use strict';
// What README and docs show is run as a reader would run it. How a block is read: CONTRIBUTING.md, "Documents".

const { isSameCode } = require('../../../scripts/docs/same-code');
const { pages, projects, runs } = require('../../../scripts/docs/snippets');
const { runSnippet } = require('../support/snippets');

const isSameRun = ([, project, run], [, otherProject, otherRun]) =>
  JSON.stringify([run.command, run.env, run.start]) ===
    JSON.stringify([otherRun.command, otherRun.env, otherRun.start]) &&
  project.files.size === otherProject.files.size &&
  [...project.files.values()].every(({ name, code }) => isSameCode(code, otherProject.files.get(name)?.code ?? ''));

const all = pages().flatMap((document) =>
  projects(document).flatMap((project) => runs(project).map((run) => [run.title, project, run])),
);
/** The same on another page, or on that of the other language, is run once. */
const unique = all.filter((each, index) => all.findIndex((other) => isSameRun(each, other)) === index);

test('there is code to run', () => {
  expect(all.length).toBeGreaterThan(10);
});

test.each(unique)('%s', async (_title, project, run) => {
  expect(run.fault).toBeUndefined();
  const { isUp, answered, end, output, unexpectedExits } = await runSnippet(project, run);
  // What starts no cluster ends by itself.
  expect({ isUp, end, output }).toEqual({
    isUp: !run.ends,
    end: { code: 0, signal: null },
    // What is in src/alone is not built here.
    output: expect.not.stringMatching(/(?<!\[CLUSTER_ALONE_NOT_BUILT\] )ClusterWarning/),
  });
  expect(unexpectedExits).toEqual([]);
  for (const status of answered) if (status !== 'connected') expect(status).toBeLessThan(500);
});

describe('what does not work is seen', () => {
  const project = (code) => ({ files: new Map([['app.js', { name: 'app.js', language: 'js', code }]]) });
  const start = (config, code = '') =>
    runSnippet(project(code), {
      command: ['node', 'start-by-default.js'],
      start: { exec: './app.js', alone: false, ...config },
    });
  const serve = `require('node:http').createServer((request, response) => response.writeHead(STATUS).end()).listen(process.env.PORT);`;

  test('a worker that does not start', async () => {
    expect(await start({}, 'process.exit(3)')).toMatchObject({ isUp: false, end: { code: 1 } });
  });

  test('an option that there is not', async () => {
    const { output } = await start({ cout: 2 }, serve.replace('STATUS', '200'));
    expect(output).toContain('ClusterWarning');
  });

  test('a request that fails', async () => {
    expect(await start({}, serve.replace('STATUS', '500'))).toMatchObject({ isUp: true, answered: [500] });
  });
});
