'use strict';
// The same ecosystem file, started by PM2 and by our command: the app sees the same.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { usableCpus } = require('../../../lib/config/cpus');
const { request } = require('../../e2e/support/client');
const { fixture, launch, runtime } = require('../../e2e/support/cluster');
const { folder } = require('../../e2e/support/files');
const { freePort } = require('../../e2e/support/free-port');
const { root } = require('../../e2e/support/project');
const { until } = require('../../e2e/support/until');
const { Pm2 } = require('../support/pm2');

const PROJECT = fixture('drop-in/consumers/ecosystem');
const COMMAND = path.join(root, 'bin/cluster-native.js');

jest.setTimeout(150_000);

/** What each process was started with, by instance, as soon as `count` of them have answered. */
async function reports(port, count) {
  const found = new Map();
  await until(async () => {
    const { body } = await request(port).catch(() => ({}));
    return body && found.set(body.instance, body).size >= count;
  });
  const known = [...found.values()].map(({ pid: _pid, ...report }) => report);
  return known.sort((one, other) => one.instance - other.instance);
}

/** What was written to log files: `{ name: lines }`, without what PM2 adds. */
function logs(project) {
  const place = path.join(project, 'release/logs');
  const names = fs.existsSync(place) ? fs.readdirSync(place) : [];
  const lines = (name) => fs.readFileSync(path.join(place, name), 'utf8').trim().split('\n').sort();
  return Object.fromEntries(names.map((name) => [name, lines(name)]));
}

async function byPm2(args, count, env) {
  const pm2 = new Pm2('Node itself', env);
  fs.cpSync(PROJECT, pm2.home, { recursive: true });
  try {
    await pm2.command('start', 'ecosystem.config.js', ...args);
    const seen = await reports(env.PORT, count);
    const { length: online } = await pm2.online();
    return { seen: inProject(seen, pm2.home), online, logs: logs(pm2.home) };
  } finally {
    await pm2.end();
  }
}

async function byUs(args, count, env) {
  const project = folder();
  fs.cpSync(PROJECT, project, { recursive: true });
  const app = launch(
    {},
    { commandLine: [runtime, COMMAND, 'start', 'ecosystem.config.js', ...args], env, cwd: project },
  );
  await app.event('output', (line) => line.includes('└'));
  const seen = await reports(env.PORT, count);
  const online = app.output.match(/│ worker \d+ +│ \d+ +│ ready/g).length;
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  return { seen: inProject(seen, project), online, logs: logs(project) };
}

function inProject(seen, project) {
  return seen.map((report) => ({ ...report, cwd: path.relative(fs.realpathSync(project), report.cwd) }));
}

const cpus = os.cpus().length;
/** PM2 counts the machine's CPUs, not those that it may use. */
const isOurs = usableCpus() === cpus && cpus <= 8;
const PER_MACHINE = ['instances: -1', ['--only', 'machine', '--env', 'production'], Math.max(1, cpus - 1)];

test.each([
  ['cluster mode', ['--only', 'cluster', '--env', 'production'], 2],
  ['without --env', ['--only', 'cluster'], 2],
  ['fork mode', ['--only', 'fork', '--env', 'production'], 1],
  ...(isOurs ? [PER_MACHINE] : []),
])('%s', async (_what, args, count) => {
  const env = { PORT: String(await freePort()), NODE_ENV: undefined };
  const theirs = await byPm2(args, count, env);
  expect(theirs.seen).toHaveLength(count);
  expect(await byUs(args, count, env)).toEqual(theirs);
});
