'use strict';
// Workers and alone files in TypeScript, and what loads them. Each project is a copy with only those loaders installed that
// the test is about.

const path = require('node:path');
const { launch, start, fixture, runtime } = require('../support/cluster');
const { request } = require('../support/client');
const { scripts } = require('../support/files');
const { project, root } = require('../support/project');
const { execFileSync } = require('node:child_process');

const typescript = (name, packages) => project(fixture(`typescript/${name}`), packages);
/** Whether the Node under test strips types by itself. */
const strips =
  execFileSync(runtime, ['-p', 'Boolean(process.features.typescript)'], { encoding: 'utf8' }).trim() === 'true';
/** The children's flags for that they need a loader. */
const plain = strips ? ['--no-experimental-strip-types'] : [];
const ALONE = ['a.ts', 'b.mts', 'c.cts'];

/** The alone loads its folder, then a worker answers. */
async function expectHello(app) {
  expect((await request(await app.port())).text).toBe('hello');
  expect((await app.reported('alone', ALONE.length)).map(({ name, n }) => [name, n])).toEqual(
    ALONE.map((name) => [name, 1]),
  );
}

const config = (cwd, more) => ({
  cwd,
  exec: 'src/worker',
  alone: 'src/alone',
  aloneConfig: { n: 1 },
  count: 1,
  ...more,
});

describe.each(['cjs', 'esm'])('%s', (kind) => {
  test.each(['tsx', '@swc-node/register', 'ts-node'])('%s is found in the project', async (name) => {
    const cwd = typescript(kind, [name]);
    await expectHello(await start(config(cwd, { execArgv: plain })));
  });

  test('Node strips the types by itself, else it is refused', async () => {
    const app = launch(config(typescript(`erasable-${kind}`)));
    if (strips) {
      await app.event('started');
      await expectHello(app);
    } else {
      const [error] = await app.event('rejected');
      expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('`exec`') });
    }
  });

  test('nothing can load it: what to do', async () => {
    const app = launch(config(typescript(kind), { execArgv: plain }));
    const [{ code, message }] = await app.event('rejected');
    expect(code).toBe('ERR_CONFIG_INVALID');
    for (const part of ['`exec`', "'src/worker'", 'tsx', 'ts-node', '@swc-node/register', '22.18', '`execArgv`'])
      expect(message).toContain(part);
    expect(app.events('fork')).toEqual([]);
  });

  test("the app's own loader is the children's, once", async () => {
    const loader = ['--import', path.join(root, 'node_modules/tsx/dist/loader.mjs')];
    const cwd = typescript(kind, ['ts-node']);
    const app = await start(config(cwd), { execArgv: loader });
    await expectHello(app);
    expect((await request(await app.port(), '/flags')).text).toBe(loader.join(' '));
  });

  test('a loader in NODE_OPTIONS', async () => {
    const env = { NODE_OPTIONS: `--import=${path.join(root, 'node_modules/tsx/dist/loader.mjs')}` };
    await expectHello(await start(config(typescript(kind), { env, execArgv: [] })));
  });
});

test('alone only', async () => {
  const cwd = typescript('cjs');
  const app = launch({ cwd, alone: 'src/alone', count: 1, execArgv: plain });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({
    code: 'ERR_CONFIG_INVALID',
    message: expect.stringContaining('`alone` must be something that Node'),
  });
});

test("the app runs by ts-node's own command", async () => {
  const cwd = typescript('cjs');
  const app = fixture('app.js');
  const argument = JSON.stringify({
    config: { mode: 'production', killTimeout: 8000, ...config(cwd, { alone: false }) },
    api: 'start',
  });
  const running = await start(
    {},
    { cwd, commandLine: [runtime, path.join(root, 'node_modules/ts-node/dist/bin.js'), '-T', app, argument] },
  );
  expect((await request(await running.port())).text).toBe('hello');
});

describe('reload to TypeScript', () => {
  const before = { count: 1, minUptime: 0, execArgv: plain };

  test('with a loader of the project', async () => {
    const cwd = typescript('esm', ['tsx']);
    const app = await start({ ...before, cwd });
    expect((await request(await app.port())).text).not.toBe('hello');
    await expect(app.call('reload', { exec: 'src/worker.ts' })).resolves.toMatchObject({ ok: true });
    expect((await request(await app.port())).text).toBe('hello');
  });

  test('without: it is refused, and nothing has changed', async () => {
    const app = await start({ ...before, cwd: typescript('esm') });
    await expect(app.call('reload', { exec: 'src/worker.ts' })).rejects.toMatchObject({
      code: 'ERR_RELOAD_INVALID',
      message: expect.stringContaining('reload(): `exec`'),
    });
    expect((await request(await app.port())).status).toBe(200);
  });
});

describe('enable: false', () => {
  test.each([['cjs'], ['esm']])('%s, loaded by tsx', async (kind) => {
    const cwd = typescript(kind, ['tsx']);
    const app = launch({ cwd, exec: 'src/worker', enable: false, execArgv: undefined }, { execArgv: plain });
    await app.event('started');
  });
});

describe('ES modules', () => {
  const failure = async (source, more) => {
    const cwd = scripts({ 'worker.mjs': source });
    const app = launch({ cwd, exec: 'worker', count: 1, ...more });
    const [error] = await app.event('rejected');
    await app.gone;
    return { error, app };
  };

  test('an error at load is the cause; Node prints its code frame', async () => {
    const { error, app } = await failure("await null;\nthrow new RangeError('broken at load');");
    expect(error).toMatchObject({ code: 'ERR_START_FAILED', cause: { name: 'RangeError', message: 'broken at load' } });
    expect(error.cause.stack).toContain('worker.mjs:2');
    await app.wrote(/worker\.mjs:2\nthrow new RangeError/);
  });

  test('a syntax error', async () => {
    const { error, app } = await failure('const a = 1;\nconst = 2;');
    expect(error).toMatchObject({ code: 'ERR_START_FAILED', cause: { name: 'SyntaxError' } });
    await app.wrote(/worker\.mjs:2\nconst = 2;/);
  });

  test('what it imports is not there', async () => {
    const { error } = await failure("import './missing.mjs';");
    expect(error.cause).toMatchObject({
      code: 'ERR_MODULE_NOT_FOUND',
      message: expect.stringContaining('missing.mjs'),
    });
  });

  test('a top-level await that never ends', async () => {
    const { error } = await failure('setInterval(() => {}, 1000); await new Promise(() => {});', {
      startTimeout: 1500,
    });
    expect(error.message).toContain('startTimeout');
  });

  test('named imports of this package, in the worker, in the alone and in the app', async () => {
    const cwd = project(fixture('esm-imports'), ['@yunflyjs/cluster-native']);
    const app = await start({}, { cwd, commandLine: [runtime, 'start.js'] });
    expect((await app.report('answer')).text).toBe('worker: alone: question');
  });
});
