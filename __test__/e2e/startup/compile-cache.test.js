'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start, fixture, runtime } = require('../support/cluster');
const { folder, privateFolder, script } = require('../support/files');

const [major, minor] = execFileSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  .split('.')
  .map(Number);
const isSupported = major > 22 || (major === 22 && minor >= 1);
const required = ['report.js', 'workers/http.js'].map((name) => JSON.stringify(fixture(name)));

/** A worker that reports where its cache is. */
const worker = () =>
  script(`
    require(${required[0]})('cache', { folder: process.env.NODE_COMPILE_CACHE ?? null });
    require(${required[1]});`);

/** Starts a cluster that has `cache` as its XDG_CACHE_HOME; resolves with what its workers see. */
async function startCached(config, env = {}, cache = privateFolder()) {
  const inherited = {
    NODE_COMPILE_CACHE: undefined,
    NODE_DISABLE_COMPILE_CACHE: undefined,
    CACHE_DIRECTORY: undefined,
  };
  const count = config.mode === 'development' ? 1 : 2;
  const app = await start(
    { exec: worker(), count, ...config },
    { env: { ...inherited, XDG_CACHE_HOME: cache, ...env } },
  );
  const seen = new Set((await app.reported('cache', count)).map((report) => report.folder));
  expect(seen.size).toBe(1);
  return { app, seen: [...seen][0], own: path.join(cache, 'yunfly-cluster') };
}

const files = (where) =>
  fs.readdirSync(where, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

if (isSupported) {
  test('in production the workers share a folder that nobody else can enter, and fill it', async () => {
    const { app, seen, own } = await startCached({});
    expect(seen).toBe(path.join(own, 'compile-cache'));
    expect(fs.lstatSync(own).mode & 0o777).toBe(0o700);
    await app.call('close'); // Node writes when a process ends
    expect(files(own).length).toBeGreaterThan(0);
  });

  test('many boots at once: none fails, and the next ones find it', async () => {
    const cache = privateFolder();
    const { app, own } = await startCached({ count: 8 }, {}, cache);
    await app.call('scale', 12);
    await app.call('reload', { concurrency: 6 });
    expect(app.events('unexpectedExit')).toEqual([]);
    await app.call('close');
    const cached = files(own).length;
    expect(cached).toBeGreaterThan(0);
    const again = await startCached({}, {}, cache);
    expect(again.own).toBe(own);
    await again.app.call('close');
  });

  test('a folder of its own', async () => {
    const asked = path.join(folder(), 'cache');
    const { app, seen, own } = await startCached({ compileCache: asked });
    expect(seen).toBe(asked);
    await app.call('close');
    expect(files(asked).length).toBeGreaterThan(0);
    expect(fs.existsSync(own)).toBe(false);
  });

  test('true: in development, too', async () => {
    const { seen, own } = await startCached({ compileCache: true, mode: 'development' });
    expect(seen).toBe(path.join(own, 'compile-cache'));
  });

  test('where all places can be changed by others there is none', async () => {
    const shared = privateFolder();
    const own = path.join(shared, 'own');
    fs.mkdirSync(own, { mode: 0o700 });
    fs.chmodSync(shared, 0o1777);
    const { seen } = await startCached({}, { HOME: own, TMPDIR: own }, own);
    expect(seen).toBeNull();
    expect(fs.readdirSync(own)).toEqual([]);
  });
} else {
  test.each([[undefined], [true], ['cache']])(
    'this Node has none: compileCache %p sets nothing',
    async (compileCache) => {
      const { seen, own } = await startCached({ compileCache });
      expect(seen).toBeNull();
      expect(fs.existsSync(own)).toBe(false);
    },
  );
}

test.each([
  ['compileCache: false', { compileCache: false }, {}],
  ['development', { mode: 'development' }, {}],
  ['NODE_DISABLE_COMPILE_CACHE', {}, { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['NODE_DISABLE_COMPILE_CACHE in `env`', { env: { NODE_DISABLE_COMPILE_CACHE: '1' } }, {}],
])('%s: not set', async (_what, config, env) => {
  const { seen, own } = await startCached(config, env);
  expect(seen).toBeNull();
  expect(fs.existsSync(own)).toBe(false);
});

test.each([
  ['the environment', (mine) => [{}, { NODE_COMPILE_CACHE: mine }]],
  ['`env`', (mine) => [{ env: { NODE_COMPILE_CACHE: mine } }, {}]],
])("the user's own NODE_COMPILE_CACHE in %s is left as it is", async (_where, make) => {
  const mine = path.join(folder(), 'mine');
  const { seen, own } = await startCached(...make(mine));
  expect(seen).toBe(mine);
  expect(fs.existsSync(own)).toBe(false);
});

test.each([[1], [''], [null]])('compileCache: %p is refused', async (compileCache) => {
  const app = launch({ exec: worker(), compileCache });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('`compileCache`') });
  await app.gone;
});
