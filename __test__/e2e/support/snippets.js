'use strict';
// Runs the code of README and docs as a reader would: in a folder with the files of its page.

const fs = require('node:fs');
const path = require('node:path');
const { launch, fixture, runtime } = require('./cluster');
const { connect, request } = require('./client');
const { folder } = require('./files');
const { freePort } = require('./free-port');
const { root } = require('./project');
const { shared } = require('./shared');

const PACKAGE = '@yunflyjs/cluster-native';
/** Nothing of the test's own environment decides. */
const CLEAN = {
  NODE_ENV: 'production',
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  CI: undefined,
  JEST_WORKER_ID: undefined,
};
const PROGRAMS = {
  node: [runtime],
  tsx: [runtime, '--import', 'tsx'],
  'cluster-native': [runtime, path.join('node_modules', PACKAGE, 'bin/cluster-native.js')],
};

/** All that the repository has installed, and this package: once for all, as hundreds of links take longer than a start. */
function installed() {
  const modules = folder();
  for (const name of fs.readdirSync(path.join(root, 'node_modules')))
    fs.symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  fs.mkdirSync(path.join(modules, path.dirname(PACKAGE)), { recursive: true });
  fs.symlinkSync(root, path.join(modules, PACKAGE));
  return modules;
}

let modules;

function write(project, name, text) {
  const file = path.join(project, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** A page's project in a folder of its own. What a page doesn't show: package.json, app.js, and a start file. */
function make({ files }, run) {
  const project = folder();
  modules ??= shared(installed);
  fs.symlinkSync(modules, path.join(project, 'node_modules'));
  write(project, 'package.json', '{ "name": "shop", "private": true }');
  fs.copyFileSync(fixture('docs/app.js'), path.join(project, 'app.js'));
  for (const { name, code } of files.values()) write(project, name, code);
  for (const [name, code] of Object.entries(run.files ?? {})) write(project, name, code);
  if (run.start)
    write(project, 'start-by-default.js', `require('${PACKAGE}').startCluster(${JSON.stringify(run.start)});`);
  return project;
}

/** A free port for each variable from which the code takes one. */
async function ports({ files }, run) {
  const code = [...files.values()]
    .map((each) => each.code)
    .concat(Object.values(run.files ?? {}))
    .join('\n');
  const names = new Set(['PORT', ...[...code.matchAll(/\benv\.(\w*PORT)\b/g)].map(([, name]) => name)]);
  const env = {};
  for (const name of names) env[name] = String(await freePort());
  return env;
}

const speaksHttp = ({ files }) =>
  [...files.values()].every(({ code }) => !/node:(?:net|tls|https|http2|dgram)'/.test(code));

/** What the servers answer: their status with HTTP, else 'connected'. */
async function answers(app, isHttp) {
  const listening = app.events('listening').filter(([{ addressType }]) => [4, 6].includes(addressType));
  const ports = [...new Set(listening.map(([{ port }]) => port))];
  const ask = async (port) => (isHttp ? (await request(port)).status : (await connect(port)).destroy() && 'connected');
  return Promise.all(ports.map(ask));
}

/** Runs it until its cluster is ready, or until it ends by itself; then ends it in good order. Resolves with what is to be seen. */
async function runSnippet(project, run) {
  const [program, ...args] = run.command;
  const env = {
    ...CLEAN,
    ...(await ports(project, run)),
    ...run.env,
    NODE_OPTIONS: `--require ${fixture('docs/observer.js')}`,
  };
  const app = launch({}, { cwd: make(project, run), commandLine: [...PROGRAMS[program], ...args], env });
  const isUp = await Promise.race([app.event('settled').then(() => true), app.gone.then(() => false)]);
  const answered = isUp ? await answers(app, speaksHttp(project)) : [];
  if (isUp) app.kill('SIGTERM');
  const end = await app.gone;
  return { isUp, answered, end, output: app.output, unexpectedExits: app.events('unexpectedExit') };
}

module.exports = { runSnippet };
