'use strict';
// The snippets of docs/en/guide/shutdown-recipes.md, verbatim, in workers that are told to leave while a request is under way.

const fs = require('node:fs');
const path = require('node:path');
const { start, fixture } = require('./cluster');
const { request } = require('./client');
const { folder } = require('./files');
const { root } = require('./project');

/** The code under each heading of a document: { heading: source }. */
function snippets(document) {
  const sections = fs
    .readFileSync(path.join(root, 'docs', document), 'utf8')
    .split(/^## /m)
    .slice(1);
  return sections.map((section) => ({
    heading: section.slice(0, section.indexOf('\n')),
    source: /^```js\n(.*?)^```$/ms.exec(section)[1],
  }));
}

function snippet(about) {
  return snippets('en/guide/shutdown-recipes.md').find(({ heading }) => heading.includes(about)).source;
}

/** A worker of a project that has `source`, and uses what that makes as fixtures/recipes/<name>.js does. */
function worker(name, source, prepare = () => {}) {
  const project = folder();
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(project, 'node_modules'));
  prepare(project);
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
async function leaveUnderRequest(way, exec, { env, connections }) {
  const app = await start({ exec, count: 1, env });
  const answer = request(await app.port());
  const { pid } = await app.report('under way');
  const wasConnected = (await connections(pid)) > 0;
  const done = ways[way](app);
  const { status, text } = await answer;
  const [, code, signal] = await app.event('exit', (child) => child.pid === pid);
  // What it wrote last comes by another way than its exit.
  const end = await app.report('ended', (report) => report.pid === pid);
  await done;
  const reports = app.history().filter(({ name, args }) => name === 'report' && args[0].pid === pid);
  return {
    wasConnected,
    answer: status === 200 ? Number(text) === pid : text,
    story: reports.map(({ args: [{ kind }] }) => kind),
    end,
    exit: [code, signal],
    unexpected: app.events('unexpectedExit').length,
  };
}

module.exports = { snippets, snippet, worker, ways, leaveUnderRequest };
