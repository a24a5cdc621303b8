'use strict';
// The examples, as the comment at the top of their start.js says.

const fs = require('node:fs');
const path = require('node:path');
const { launch, runtime } = require('./cluster');
const { request } = require('./client');
const { freePort } = require('./free-port');
const { root } = require('./project');
const { until } = require('./until');

const folderOf = (name) => path.join(root, 'examples', name);

/** `Run it in this folder: NODE_ENV=production node start.js` as { env, args }. */
function instruction(folder) {
  const comment = fs.readFileSync(path.join(folder, 'start.js'), 'utf8').split('\n').slice(1, 3).join('\n');
  const [, variables, args] = /^\/\/ Run it in this folder: ((?:\w+=\S+ )*)node (\S+)/m.exec(comment);
  return {
    env: Object.fromEntries(
      variables
        .trim()
        .split(' ')
        .map((text) => text.split(/=(.*)/, 2)),
    ),
    args: [args],
  };
}

/** Starts examples/<name> at a free port, as told, with `env` laid over what is told; resolves when it says that its workers answer. */
async function startExample(name, env = {}, folder = folderOf(name)) {
  const told = instruction(folder);
  const port = await freePort();
  const options = {
    cwd: folder,
    commandLine: [runtime, ...told.args],
    env: { ...told.env, PORT: String(port), ...env },
  };
  const app = launch({}, options);
  await app.event('output', (line) => line.includes(`workers answer at http://localhost:${port}`));
  return { app, port };
}

/** The pids of those that answer at `path` with JSON. */
async function answering(port, path = '/') {
  const { body } = await request(port, path);
  return body.pid;
}

/** Asks until two workers have answered; resolves with their pids. */
async function bothWorkers(port, path) {
  const pids = new Set();
  await until(async () => pids.add(await answering(port, path)).size === 2);
  return pids;
}

/** Reloads, as `kill -HUP` does; resolves when two other workers than `before` have answered. */
async function reload(app, port, before, path) {
  app.kill('SIGHUP');
  const after = new Set();
  await until(async () => {
    const pid = await answering(port, path);
    if (!before.has(pid)) after.add(pid);
    return after.size === 2;
  });
  return after;
}

/** What ended() resolves with when all went well. */
const GOOD_END = { code: 0, signal: null, left: [] };

/** Resolves when the app is gone, with how it went and what it left. */
async function ended(app) {
  return { ...(await app.gone), left: app.processes() };
}

module.exports = { GOOD_END, bothWorkers, ended, folderOf, reload, startExample };
