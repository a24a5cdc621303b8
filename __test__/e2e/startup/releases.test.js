'use strict';
// The app outlives the release that it was started from: /srv/app/current leads to releases/2, releases/1 is removed.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { start, launch, fixture, runtime } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { folder, privateFolder } = require('../support/files');
const { nth } = require('../support/development');
const { root } = require('../support/project');
const { until } = require('../support/until');

/** Where Node strips types by itself no loader would be needed. */
const strips =
  execFileSync(runtime, ['-p', 'Boolean(process.features.typescript)'], { encoding: 'utf8' }).trim() === 'true';
const NODE_OPTIONS = strips ? '--no-experimental-strip-types' : '';

const PACKAGE = 'node_modules/@yunflyjs/cluster-native';

/** As it would be installed, with what it needs. */
function install(release) {
  const at = path.join(release, PACKAGE);
  const isBinding = (name) => /^cluster-native\..*\.node$/.test(name);
  const names = [
    'package.json',
    'index.js',
    'index.mjs',
    'native.js',
    'lib',
    ...fs.readdirSync(root).filter(isBinding),
  ];
  // Of a link, as `npm run test:packed` has them, what it leads to.
  const whole = { recursive: true, dereference: true };
  for (const name of names) fs.cpSync(path.join(root, name), path.join(at, name), whole);
  fs.cpSync(path.join(root, 'node_modules/picocolors'), path.join(release, 'node_modules/picocolors'), whole);
}

/** A folder of releases. `app(number)`: the source of its app.js. */
class Deployment {
  folder = folder();
  current = path.join(this.folder, 'current');
  /** XDG_RUNTIME_DIR. */
  runtime = privateFolder();
  #app;

  constructor(app = answering) {
    this.#app = app;
    this.release(1);
  }

  path(number) {
    return path.join(this.folder, 'releases', String(number));
  }

  release(number) {
    const at = this.path(number);
    install(at);
    fs.writeFileSync(path.join(at, 'app.js'), this.#app(number));
    fs.writeFileSync(path.join(at, 'alone.js'), ALONE);
    // Runs what the tests' own app does, with the release's own package.
    for (const name of ['app.js', 'lines.js', 'sized-messages.js', 'stand-still.js', 'loggers.js']) {
      const source = fs.readFileSync(fixture(name), 'utf8').replace("require('../..')", `require('./${PACKAGE}')`);
      fs.writeFileSync(path.join(at, name === 'app.js' ? 'start.js' : name), source);
    }
    const link = `${this.current}.new`;
    fs.symlinkSync(path.relative(this.folder, at), link);
    fs.renameSync(link, this.current);
  }

  remove(number) {
    fs.rmSync(this.path(number), { recursive: true });
  }

  /** From the folder `current`, as a shell would. */
  start(config) {
    const argument = JSON.stringify({
      config: { mode: 'production', exec: './app.js', alone: './alone.js', count: 2, minUptime: 100, ...config },
      api: 'start',
    });
    const env = { PWD: this.current, XDG_RUNTIME_DIR: this.runtime };
    return launch({}, { cwd: this.current, env, commandLine: [runtime, 'start.js', argument] });
  }

  copies() {
    return fs.readdirSync(this.runtime).map((name) => path.join(this.runtime, name));
  }
}

const ALONE = `
  const { onRequest } = require('@yunflyjs/cluster-native');
  module.exports = () => onRequest('folder', () => process.cwd());`;

function answering(number) {
  return `
    const { request } = require('@yunflyjs/cluster-native');
    process.on('message', ({ action }, handle) => {
      if (action === 'undeliverable') process.send({ to: 'worker', worker_pid: 1 });
    });
    require('node:http').createServer(async (incoming, response) => {
      const alone = await request({ to: 'alone', action: 'folder' });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ release: ${number}, pid: process.pid, cwd: process.cwd(), alone }));
    }).listen(0);`;
}

const releases = (answers) => new Set(answers.map(({ body }) => body.release));

test('another release has its place: what dies, a reload, and the end go on as ever', async () => {
  const deployment = new Deployment();
  const app = deployment.start();
  await app.event('started');
  const port = await app.port();
  expect((await request(port)).body).toMatchObject({ release: 1, cwd: deployment.path(1), alone: deployment.path(1) });
  deployment.release(2);
  deployment.remove(1);
  const [worker] = await app.workers();
  process.kill(worker.pid, 'SIGKILL');
  await app.event('workerReady', ({ slot, pid }) => slot === worker.slot && pid !== worker.pid);
  await until(async () => releases([await request(port)]).has(2));
  process.kill((await app.call('alone')).pid, 'SIGKILL');
  await nth(app, 'aloneReady', 2);
  const [copy, ...others] = deployment.copies();
  expect(others).toEqual([]);
  expect(fs.statSync(copy).mode & 0o777).toBe(0o700);
  await app.wrote('processes are started with what it was');

  app.kill('SIGHUP');
  await expect(app.event('reload')).resolves.toMatchObject([{ ok: true }]);
  const answers = await requests(port, 40, 4);
  expect(releases(answers)).toEqual(new Set([2]));
  expect(answers[0].body).toMatchObject({ cwd: deployment.path(2), alone: deployment.path(2) });
  // What of the app itself is used for the first time now.
  await app.call('sendmessage', { to: 'worker', type: 'all', action: 'undeliverable' });
  await app.event('undeliverable');
  await expect(app.call('request', { to: 'alone', action: 'none' })).rejects.toMatchObject({ code: 'ERR_NO_HANDLER' });
  await app.call('scale', 3);
  await app.call('close');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(deployment.copies()).toEqual([]);
});

test('after a reload log files are those of the new release', async () => {
  const says = (number) => `console.log('release ${number}'); require('node:http').createServer().listen(0);`;
  const deployment = new Deployment(says);
  const app = deployment.start({ alone: false, output: { file: 'logs/app.log' } });
  await app.event('started');
  const log = (number) => fs.readFileSync(path.join(deployment.path(number), 'logs/app.log'), 'utf8');
  await until(() => log(1).includes('release 1'));
  deployment.release(2);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  // What the new workers said while they booted may still be in the old one.
  const { pid } = (await app.workers())[0];
  process.kill(pid, 'SIGKILL');
  await until(() => fs.existsSync(path.join(deployment.path(2), 'logs/app.log')) && log(2).includes('release 2'));
  deployment.remove(1);
  await app.call('close');
});

test('the package was replaced in place: processes are started with what the app was', async () => {
  const deployment = new Deployment();
  const app = deployment.start({ alone: false });
  await app.event('started');
  const file = path.join(deployment.path(1), PACKAGE, 'lib/preload/worker.js');
  fs.writeFileSync(file, "throw new Error('of another version');");
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  const first = deployment.copies();
  expect(first).toHaveLength(1);
  // As what cleans up temporary folders does.
  fs.rmSync(path.join(first[0], 'preload'), { recursive: true });
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  expect(deployment.copies()).toHaveLength(1);
  expect(deployment.copies()).not.toEqual(first);
});

describe('a reload by SIGHUP that fails is logged, and an event', () => {
  test('the new release has no app', async () => {
    const deployment = new Deployment();
    const app = deployment.start();
    await app.event('started');
    fs.rmSync(path.join(deployment.path(1), 'app.js'));
    app.kill('SIGHUP');
    const [report] = await app.event('reload');
    expect(report).toMatchObject({ ok: false, error: { code: 'ERR_RELOAD_FAILED' } });
    const [line] = await app.event('output', (text) => text.includes('a reload failed'));
    expect(line).toContain('Cannot find module');
    await expect(request(await app.port())).resolves.toMatchObject({ body: { release: 1 } });
  });

  test('it cannot even begin: nothing loads its TypeScript any more', async () => {
    const at = folder();
    fs.mkdirSync(path.join(at, 'node_modules'));
    const link = path.join(at, 'node_modules/tsx');
    fs.symlinkSync(path.join(root, 'node_modules/tsx'), link);
    fs.writeFileSync(
      path.join(at, 'app.ts'),
      "require('node:http').createServer((_, response) => response.end()).listen(0);",
    );
    const app = await start({ exec: 'app.ts', cwd: at, count: 1 }, { env: { NODE_OPTIONS } });
    fs.rmSync(link);
    app.kill('SIGHUP');
    const [report] = await app.event('reload');
    expect(report).toMatchObject({ ok: false, replaced: [], error: { code: 'ERR_RELOAD_INVALID' } });
    await app.event('output', (text) => text.includes('SIGHUP: reload(): ') && text.includes('Install tsx'));
  });
});

test('development stays with its files, and says once that the link has moved', async () => {
  const deployment = new Deployment();
  const app = deployment.start({ mode: 'development' });
  await app.event('started');
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  expect(app.events('warning')).toEqual([]);
  deployment.release(2);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  const [{ message }] = await app.event('warning', ({ code }) => code === 'CLUSTER_LINK_MOVED');
  expect(message).toContain(`'${deployment.current}' leads to another folder by now`);
  expect(message).toContain(deployment.path(1));
  await app.call('reload');
  expect(app.events('warning')).toHaveLength(1);
});
