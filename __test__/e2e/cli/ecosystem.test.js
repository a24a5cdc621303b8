'use strict';
// The command with PM2's ecosystem file. That an app sees the same by both: drop-in/consumers/pm2-ecosystem.test.js.

const fs = require('node:fs');
const path = require('node:path');
const { request } = require('../support/client');
const { launch, runtime } = require('../support/cluster');
const { scripts } = require('../support/files');
const { root } = require('../support/project');
const { until } = require('../support/until');

const COMMAND = path.join(root, 'bin/cluster-native.js');
/** Nothing of the test's own environment decides. */
const CLEAN = { NODE_ENV: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, CI: undefined };

/** Prints what it is asked for, on both streams, and answers who it is. */
const APP = `
  const { env } = process;
  require('node:http').createServer((request, response) => {
    console.log(request.url);
    console.error(request.url + '?');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ NODE_ENV: env.NODE_ENV, mode: env.MODE }));
  }).listen(0);
`;

/** `app`: of the file, which stands beside app.js. */
function run(app, args = [], files = {}) {
  const project = scripts({
    'app.js': APP,
    'ecosystem.config.js': `module.exports = ${JSON.stringify({ apps: [{ script: './app.js', ...app }] })}`,
    ...files,
  });
  const commandLine = [runtime, COMMAND, '--config', 'ecosystem.config.js', ...args];
  return Object.assign(launch({}, { commandLine, cwd: project, env: CLEAN }), { project });
}

/** The port of a started app. */
async function ready(app) {
  const [line] = await app.event('output', (text) => /listens on.*localhost:\d+/.test(text));
  await app.event('output', (text) => text.includes('└'));
  return Number(/localhost:(\d+)/.exec(line)[1]);
}

const read = (app, name) => fs.readFileSync(path.join(app.project, name), 'utf8');
const body = async (port, url) => (await request(port, url)).body;

async function stop(app) {
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
}

test('production mode, whatever NODE_ENV is, which the app finds as the file has it; what is typed wins', async () => {
  const env = { MODE: 'env' };
  const app = run({ instances: 4, env, env_production: { MODE: 'production' } }, [
    '--env',
    'production',
    '--count',
    '2',
  ]);
  const port = await ready(app);
  expect(await body(port, '/')).toMatchObject({ mode: 'production' });
  expect(await body(port, '/')).not.toHaveProperty('NODE_ENV');
  expect(app.output).toContain('mode        production\n');
  expect(app.output).toMatch(/worker 2(?![^]*worker 3)/);
  await stop(app);
});

describe('log files', () => {
  test('of each worker, in order; renamed files are begun anew after SIGUSR2; they are added to', async () => {
    const app = run({ instances: 1, exec_mode: 'cluster', out_file: 'logs/out.log', error_file: 'logs/error.log' });
    const port = await ready(app);
    await body(port, '/one');
    await until(() => read(app, 'logs/error-0.log') === '/one?\n');
    await until(() => read(app, 'logs/out-0.log') === '/one\n');
    const log = path.join(app.project, 'logs/out-0.log');
    fs.renameSync(log, `${log}.1`);
    await body(port, '/two');
    await until(() => fs.readFileSync(`${log}.1`, 'utf8') === '/one\n/two\n');
    app.kill('SIGUSR2');
    await until(() => fs.existsSync(log) || body(port, '/three').then(() => false));
    // What copytruncate of logrotate and pm2-logrotate do.
    fs.truncateSync(path.join(app.project, 'logs/error-0.log'));
    await body(port, '/four');
    await until(() => read(app, 'logs/error-0.log').endsWith('/four?\n'));
    expect(read(app, 'logs/error-0.log')).not.toContain('\0');
    await until(() => read(app, 'logs/out-0.log').endsWith('/four\n'));
    expect(app.output).not.toContain('/one');
    await stop(app);
  });

  test('shared by all; the other stream stays where it was', async () => {
    const app = run({ out_file: 'out.log' }, ['--ready', 'listening']);
    const port = await ready(app);
    await body(port, '/one');
    await app.event('output', (line) => line === '/one?');
    await until(() => read(app, 'out.log') === '/one\n');
    expect(app.output).not.toContain('/one\n');
    await stop(app);
  });

  test('a file that cannot be opened anew is said, and the old one goes on', async () => {
    const app = run({ out_file: 'logs/out.log', error_file: '/dev/null' }, ['--ready', 'listening']);
    const port = await ready(app);
    const [logs, away] = ['logs', 'away'].map((name) => path.join(app.project, name));
    await body(port, '/begin');
    await until(() => read(app, 'logs/out.log') === '/begin\n');
    fs.renameSync(logs, away);
    fs.writeFileSync(logs, '');
    app.kill('SIGUSR2');
    await app.wrote(/WARN a log file cannot be opened.*out\.log/);
    await body(port, '/one');
    await until(() => read(app, 'away/out.log') === '/begin\n/one\n');
    fs.rmSync(logs);
    app.kill('SIGUSR2');
    await until(() => fs.existsSync(path.join(logs, 'out.log')));
    await body(port, '/two');
    await until(() => read(app, 'logs/out.log') === '/two\n');
    await stop(app);
  });

  test('--output has the last word', async () => {
    const app = run({ out_file: 'out.log' }, ['--ready', 'listening', '--output', 'prefix']);
    await body(await ready(app), '/one');
    await app.event('output', (line) => line === 'worker 1 | /one');
    expect(fs.existsSync(path.join(app.project, 'out.log'))).toBe(false);
    await stop(app);
  });
});

test('a queue worker of fork mode, which listens nowhere; it ends by its own listener of SIGINT', async () => {
  const worker = `
    setInterval(() => {}, 1000);
    process.on('SIGINT', () => { console.log('closed'); process.exit(); });
  `;
  const app = run({ name: 'jobs', exec_mode: 'fork' }, [], { 'app.js': worker });
  await app.event('output', (text) => text.includes('└'));
  await stop(app);
  expect(app.output).toContain('closed\n');
});

test('what has no effect is said, and the app starts', async () => {
  const app = run({ instances: 1, max_restarts: 10, kill_timeot: 1 });
  await ready(app);
  expect(app.output).toMatch(/CLUSTER_OPTION_IGNORED.*`max_restarts` has no effect/);
  expect(app.output).toMatch(/CLUSTER_UNKNOWN_OPTION.*`kill_timeot`.*Did you mean `kill_timeout`/);
  await stop(app);
});

test.each([
  [{ cron_restart: '0 3 * * *' }, [], "`cron_restart` must be left out, but is '0 3 * * *'. Send SIGHUP"],
  [{ script: './none.js' }, [], "`script` must be the path of an existing script, but is './none.js'"],
  [{ kill_timeout: '5s' }, [], '`kill_timeout` must be an integer from 1'],
  [{ maxMemoryRestart: '1M' }, [], '`maxMemoryRestart` must be false, a number of bytes'],
  [{ out_file: '/dev/null/x.log' }, [], "`out_file` must be a file that can be written, but is '/dev/null/"],
  [{ name: 'shop' }, ['--only', 'mail'], "`apps` must be a list with one app called 'mail'"],
])('%j %j: one line, exit code 2', async (app, args, message) => {
  const started = run(app, args);
  await expect(started.gone).resolves.toEqual({ code: 2, signal: null });
  expect(started.output.startsWith(`cluster-native: ecosystem.config.js: ${message}`)).toBe(true);
  expect(started.output.split('\n')).toHaveLength(2);
});

test.each([
  ['ecosystem.yml', 'apps: []', 'YAML is not read. Write it as .json or .js.'],
  [
    'apps.config.mjs',
    `export const apps = [{ name: 'shop', script: 'npm' }];`,
    '`script` must be a file of JavaScript',
  ],
  ['cluster.json', '{ "exec": "./app.js" }', "--env takes KEY=VALUE, but got 'production'."],
])('%s: %s', async (name, text, message) => {
  const cwd = scripts({ [name]: text, 'app.js': '' });
  const app = launch({}, { commandLine: [runtime, COMMAND, name, '--env', 'production'], cwd, env: CLEAN });
  await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
  expect(app.output).toContain(message);
});
