'use strict';
// What the command shows, and what it does not.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { listClusters } = require('../../..');
const { test } = require('../support/at-once');
const { runtime } = require('../support/cluster');
const { ask, lines, ready, run, runOnTerminal } = require('../support/command');
const { folder, script, scripts } = require('../support/files');
const { root } = require('../support/project');
const { until } = require('../support/until');

/** Answers who it is; `/fail` throws. */
const SERVER = `
  console.log('connecting db');
  require('node:http').createServer(({ url }, response) => {
    if (url === '/fail') setImmediate(function fails() { throw new TypeError('no user'); });
    response.setHeader('content-type', 'application/json');
    const { pid, env, title } = process;
    response.end(JSON.stringify({ pid, title, release: process.cwd(), GIVEN: env.GIVEN, NODE_ENV: env.NODE_ENV }));
  }).listen(0);
`;
const ONE = ['--prod', '--count', '1', '--no-alone', '--title', 'shop'];

const fail = (port) => fetch(`http://localhost:${port}/fail`);

test('a terminal: what the children print stays whole', async () => {
  const app = runOnTerminal(['--prod', '--count', '2', '--no-alone', script(SERVER)], { env: { NO_COLOR: '1' } });
  await ready(app);
  expect(
    lines(app)
      .filter((line) => line.includes('connecting'))
      .map((line) => line.trim()),
  ).toEqual(['connecting db', 'connecting db']);
  expect(app.output).not.toContain('\x1b');
});

test('a crash is red, with the line of the code', async () => {
  const app = runOnTerminal([...ONE, script(SERVER)]);
  await fail(await ready(app));
  const [told] = await app.event('output', (line) => line.includes('crashed'));
  expect(told).toContain('\x1b[31mworker 1 (pid ');
  expect(told).toContain('crashed: TypeError: no user\x1b[39m');
  await app.event('output', (line) => /^\S* +at .*fails .*:4:64\)/.test(line));
  await app.event('output', (line) => line.trim().endsWith('^\x1b[22m'));
});

test("a start that fails tells the app's own line", async () => {
  const app = run([...ONE, script("throw new TypeError('no database');", 'app.js')]);
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  expect(app.output).toMatch(
    /\ncluster-native: .*TypeError: no database\n {4}at Object\.<anonymous> \(.*app\.js:1:7\)\n$/,
  );
});

test('YUNFLY_LOG=json: nothing but JSON', async () => {
  const json = { env: { YUNFLY_LOG: 'json' } };
  const quiet = script(SERVER.replace("console.log('connecting db');", ''));
  const app = run([...ONE, '--watch', '.', quiet], json);
  await app.event('output', (line) => JSON.parse(line).message === 'the worker is ready');
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  const told = lines(app).filter(Boolean).map(JSON.parse);
  // In production `watch` has no effect, of which a process warning tells.
  expect(told).toContainEqual(expect.objectContaining({ level: 'WARN', code: 'CLUSTER_OPTION_IGNORED' }));
  const failed = run(['--prod', '--count', '0', quiet], json);
  await expect(failed.gone).resolves.toEqual({ code: 2, signal: null });
  expect(lines(failed).filter(Boolean).map(JSON.parse)).toMatchObject([
    { level: 'ERROR', cluster: 'cluster-native', message: expect.stringMatching(/^--count must be/) },
  ]);
});

test('YUNFLY_LOG=json: that the mode is a guess is told there', async () => {
  const quiet = script(SERVER.replace("console.log('connecting db');", ''));
  const app = run(['--count', '4', quiet], { env: { YUNFLY_LOG: 'json' } });
  const [first] = await app.event('output', () => true);
  expect(JSON.parse(first)).toMatchObject({ level: 'WARN', message: expect.stringMatching(/^NODE_ENV is not set/) });
});

test('--quiet: nothing but why it failed', async () => {
  const marks = folder();
  const quiet = script(`
    require('node:fs').writeFileSync(process.argv[2], String(process.pid));
    ${SERVER.replace("console.log('connecting db');", '')}
  `);
  // In production `watch` has no effect, of which a process warning tells elsewhere.
  const app = run([...ONE, '--quiet', '--watch', '.', quiet, path.join(marks, 'pid')]);
  // One that is killed before it was ready would end the start.
  await until(async () => (await listClusters()).find(({ pid }) => pid === app.pid)?.isReady());
  const pid = fs.readFileSync(path.join(marks, 'pid'), 'utf8');
  process.kill(Number(pid), 'SIGKILL');
  await until(() => fs.readFileSync(path.join(marks, 'pid'), 'utf8') !== pid);
  app.kill('SIGTERM');
  await app.gone;
  expect(app.output).toBe('');
  const failed = run(['--quiet', '--count', '0', quiet]);
  await failed.gone;
  expect(failed.output).toMatch(/^cluster-native: --count must be/);
});

test.each([
  ['cluster.config.js', (config) => `module.exports = ${config}`],
  ['cluster.config.mjs', (config) => `export default ${config}`],
  ['cluster.config.json', (config) => config],
  ['cluster.config.ts', (config) => `const env: string = 'TypeScript'; export default ${config}`],
])('%s is read without being named', async (name, write) => {
  const config = { exec: './app.js', mode: 'production', count: 1, title: 'by-file' };
  const cwd = scripts({ 'app.js': SERVER, [name]: write(JSON.stringify(config)) });
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(cwd, 'node_modules'));
  const app = run([], { cwd });
  expect(await ask(await ready(app))).toMatchObject({ title: 'by-file:worker:1' });
  expect(lines(app)).toContain(`config      ${name}`);
});

test("with `handleSignals: false` the signals are the app's: the first one ends it", async () => {
  const config = JSON.stringify({ exec: './app.js', count: 1, handleSignals: false });
  const app = run([], { cwd: scripts({ 'app.js': SERVER, 'cluster.config.json': config }) });
  await ready(app);
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: null, signal: 'SIGTERM' });
  expect(app.output).not.toContain('a second SIGTERM');
});

test('two such files: it says so; with --no-config none is read', async () => {
  const cwd = scripts({ 'app.js': SERVER, 'cluster.config.js': 'throw 1', 'cluster.config.json': '{' });
  const app = run(['app.js'], { cwd });
  await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
  expect(app.output).toMatch(/cluster\.config\.js and cluster\.config\.json\. .*--config cluster\.config\.js\n$/);
  await ready(run(['--no-config', 'app.js'], { cwd }));
});

const nodeMajor = Number(execFileSync(runtime, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }));

test("Node's own files of variables: they reach the workers, and NODE_ENV decides the mode", async () => {
  const cwd = scripts({ 'app.js': SERVER, '.env': 'GIVEN=by the file\nNODE_ENV=production\n' });
  const app = run(['--env-file', '.env', '--count', '1', 'app.js'], { cwd });
  if (nodeMajor < 20) {
    await app.gone;
    expect(app.output).toContain('--env-file needs Node.js 20.6 or later');
    return;
  }
  expect(await ask(await ready(app))).toMatchObject({ GIVEN: 'by the file', NODE_ENV: 'production' });
  expect(lines(app)).toContain('mode        production');
});

test('--cpu-prof: each process writes its profile when it ends', async () => {
  const cwd = folder();
  const app = run([...ONE, '--cpu-prof', '--cpu-prof-dir', 'profiles', script(SERVER)], { cwd });
  await ready(app);
  app.kill('SIGTERM');
  await app.gone;
  expect(fs.readdirSync(path.join(cwd, 'profiles'))).toEqual([expect.stringMatching(/\.cpuprofile$/)]);
});

test('started where a link leads: a reload follows it, and --reload-target all is the alone, too', async () => {
  const cwd = fs.realpathSync(folder());
  const release = (number) => {
    fs.mkdirSync(path.join(cwd, number));
    fs.writeFileSync(path.join(cwd, number, 'app.js'), SERVER);
    fs.writeFileSync(path.join(cwd, number, 'alone.js'), `module.exports = () => console.log('alone ${number}');`);
    fs.symlinkSync(number, path.join(cwd, 'next'));
    fs.renameSync(path.join(cwd, 'next'), path.join(cwd, 'current'));
  };
  release('1');
  const current = path.join(cwd, 'current');
  const args = ['--prod', '--count', '1', '--alone', 'alone.js', '--reload-target', 'all', 'app.js'];
  // A session without a terminal, in which SIGHUP reloads.
  const app = run(args, { cwd: current, env: { PWD: current }, detached: true });
  const port = await ready(app);
  expect(await ask(port)).toMatchObject({ release: path.join(cwd, '1') });
  release('2');
  app.kill('SIGHUP');
  await app.event('output', (line) => /reloaded: \d+ → \d+, \d+ → \d+/.test(line));
  expect(await ask(port)).toMatchObject({ release: path.join(cwd, '2') });
  expect(lines(app)).toContain('alone 2');
});
