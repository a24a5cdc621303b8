'use strict';

const path = require('node:path');
const { ClusterError } = require('../../lib/errors');
const { normalize } = require('../../lib/config');
const { compileCache } = require('../../lib/config/compile-cache');
const { refusal, warnings } = require('./support/config-outcomes');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const cwd = folder({
  'package.json': '{"name":"@shop/web"}',
  'app.js': '',
  'other.mjs': '',
  'server/index.cjs': '',
  'jobs/a.js': '',
});
const minimal = { exec: './app.js', cwd, mode: 'production', alone: false };
const file = (name) => path.join(cwd, name);

test('the defaults in production', () => {
  expect(normalize(minimal)).toEqual({
    enable: true,
    entered: { folder: process.cwd(), named: expect.any(String) },
    notifyParent: false,
    control: true,
    title: 'yunfly-@shop/web',
    mode: 'production',
    cwd,
    exec: file('app.js'),
    args: [],
    execArgv: undefined,
    env: {},
    instanceVar: undefined,
    alone: undefined,
    aloneConfig: undefined,
    count: 4,
    refork: true,
    ready: 'listening',
    randomWorker: 'worker',
    balance: 'auto',
    listenFds: [],
    standby: 0,
    // It depends on the version of Node: compile-cache.test.js.
    compileCache: compileCache(undefined, true, process.env),
    limit: 60_000,
    reloadDelay: 500,
    reloadTarget: 'worker',
    shown: [],
    startTimeout: 60_000,
    killTimeout: 25_000,
    crashTimeout: 2000,
    streamTimeout: 5000,
    workTimeout: false,
    handleSignals: true,
    shutdownDelay: 0,
    minUptime: 1000,
    maxMessageBytes: 64 * 1024 * 1024,
    serialization: 'json',
    output: 'inherit',
  });
});

test('the defaults in development', () => {
  const development = { ...minimal, mode: 'development', count: 8, standby: 2 };
  expect(normalize(development)).toMatchObject({
    count: 1,
    standby: 0,
    refork: false,
    killTimeout: 5000,
    compileCache: undefined,
  });
});

test('every given value is taken', () => {
  const given = {
    enable: false,
    title: 'x',
    args: ['a', ''],
    execArgv: ['--b'],
    env: { A: '1', B: 2, C: true, D: undefined },
    instanceVar: false,
    count: 3,
    refork: false,
    ready: 'message',
    randomWorker: 'process',
    balance: 'sticky',
    reloadDelay: 1,
    startTimeout: 2,
    killTimeout: 3,
    shutdownDelay: 4,
    minUptime: 5,
    maxMessageBytes: 2048,
    serialization: 'advanced',
    output: 'pipe',
    logger: console,
  };
  expect(normalize({ ...minimal, ...given, limit: 0.5 })).toMatchObject({ ...given, limit: 500 });
});

describe('a wrong value is refused: field, value and what is allowed are named', () => {
  test.each([
    ['enable', ['yes', 1, null]],
    ['exec', [undefined, '', 5, null, 'a\0b']],
    ['alone', [true, 3, '', null]],
    ['count', [0, -1, 1.5, 1001, 'x', NaN, Infinity, null, '4']],
    ['limit', [0, -1, '60', Infinity, NaN]],
    ['env', [5, [], 'A=1', { A: null }, { A: {} }, { 'A=B': '1' }, { '': '1' }, { A: 'x\0y' }, new Map(), new Date()]],
    ['instanceVar', [true, '', 'A=B', 'A\0', 1, null]],
    ['title', ['', 7, 'two\nlines', '\x1b[31mred', '\x7f']],
    ['refork', ['yes', 0]],
    ['reloadDelay', [-1, 0.5, '500']],
    ['mode', ['staging', true]],
    ['args', ['one two', [1], ['a\0']]],
    ['execArgv', ['--x', [null]]],
    ['cwd', ['', 5]],
    [
      'ready',
      ['soon', true, {}, { port: 0 }, { port: [3000, 65536] }, { port: [] }, { path: '' }, { port: 1, path: '/a' }],
    ],
    ['randomWorker', [true, 'cluster', null, '']],
    ['balance', ['random', 'round robin', true, null]],
    ['standby', [-1, 0.5, 1001, '1', true]],
    ['compileCache', ['', 1, null, {}]],
    ['startTimeout', [0, -1, '5s', Infinity, 2 ** 31]],
    ['killTimeout', [0, -5]],
    ['shutdownDelay', [-1, null]],
    ['workTimeout', [-1, '1', true, null]],
    ['minUptime', [-1]],
    ['maxMessageBytes', [0, 1023, 2 ** 30]],
    ['serialization', ['v8', true, '']],
    ['output', ['ignore', true, null]],
    ['logger', [true, 'console', null, {}, { error() {}, warn() {}, info() {} }]],
  ])('%s', (field, values) => {
    for (const value of values) {
      const error = refusal({ ...minimal, [field]: value });
      expect(error).toBeInstanceOf(ClusterError);
      expect(error.code).toBe('ERR_CONFIG_INVALID');
      expect(error.message).toMatch(new RegExp(`^cluster config: \`${field}\` must be .+, but is .+\\. .+`, 's'));
    }
  });

  test('the value is shown', () => {
    expect(refusal({ ...minimal, count: -1 }).message).toContain('but is -1.');
    expect(refusal({ ...minimal, mode: 'staging' }).message).toContain(
      "must be 'production' or 'development', but is 'staging'.",
    );
    expect(refusal({ ...minimal, title: 'a\nb' }).message).toContain(
      'control characters, such as line breaks, but is "a\\nb".',
    );
    expect(refusal({ ...minimal, args: [1] }).message).toContain('but is [1].');
    expect(refusal({ ...minimal, count: 1n }).message).toContain('a bigint');
  });

  test.each([
    [{ FEATURE: null }, 'one in which `FEATURE` is null'],
    [{ FEATURE: Object.create(null) }, 'one in which `FEATURE` is an object'],
    [{ FEATURE: 'a\0b' }, 'one in which `FEATURE` is a text with a NUL'],
    [{ 'A=B': '1' }, 'one with the name "A=B"'],
    [new Map([['PASSWORD', 'secret']]), 'a Map'],
  ])('not that of a variable, which may be a secret: %j', (env, seen) => {
    const { message } = refusal({ ...minimal, env: env instanceof Map ? env : { PASSWORD: 'secret', ...env } });
    expect(message).toContain(`but is ${seen}.`);
    expect(message).not.toContain('secret');
  });

  test('an address of the inspector that is none, where there are processes', () => {
    const wrong = { execArgv: ['--inspect=foo:bar'] };
    expect(refusal({ ...minimal, ...wrong })).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining("'bar'"),
    });
    expect(refusal({ ...minimal, env: { NODE_OPTIONS: '--inspect=foo:bar' } })).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
    });
    expect(() => normalize({ ...minimal, ...wrong, enable: false })).not.toThrow();
  });

  test.each([[undefined], [null], ['app.js'], [['app.js']]])('a config that is no object: %j', (config) => {
    expect(refusal(config)).toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });
});

test('a port or several, or a path, that a worker is ready by', () => {
  const ready = (value) => normalize({ ...minimal, ready: value }).ready;
  expect(ready({ port: 3000 })).toEqual({ port: [3000] });
  expect(ready({ port: [3000, 3001] })).toEqual({ port: [3000, 3001] });
  expect(ready({ path: '/run/app.sock' })).toEqual({ path: '/run/app.sock' });
  expect(ready({ path: 'app.sock' })).toEqual({ path: path.join(normalize(minimal).cwd, 'app.sock') });
  expect(refusal({ ...minimal, ready: { port: 0 } }).message).toContain('1 to 65535');
});

describe('standby', () => {
  test('as many as given', () => {
    expect(normalize({ ...minimal, standby: 2 }).standby).toBe(2);
  });

  test.each(['online', 'message'])("with ready: '%s' there is nothing to hold back", (ready) => {
    expect(normalize({ ...minimal, ready, standby: 0 }).standby).toBe(0);
    const { code, message } = refusal({ ...minimal, ready, standby: 1 });
    expect(code).toBe('ERR_CONFIG_INVALID');
    expect(message).toMatch(/^cluster config: `standby` must be 0 .+ but is 1\. Set `ready: 'listening'`/);
  });
});

describe('compileCache', () => {
  test('false: none', () => {
    expect(normalize({ ...minimal, compileCache: false }).compileCache).toBeUndefined();
  });

  test("by default the variables of the children's environment count, `env` included", () => {
    const env = { NODE_COMPILE_CACHE: file('cache') };
    expect(normalize({ ...minimal, env }).compileCache).toBeUndefined();
  });
});

describe('unknown fields are warned of', () => {
  test.each([
    ['cuont', 'Did you mean `count`?'],
    ['killTimeOut', 'Did you mean `killTimeout`?'],
    ['colour', 'The fields are: enable, exec,'],
  ])('%s', (field, hint) => {
    const [warning, ...others] = warnings({ ...minimal, [field]: 1 });
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ name: 'ClusterWarning', code: 'CLUSTER_UNKNOWN_OPTION' });
    expect(warning.message).toContain(`\`${field}\``);
    expect(warning.message).toContain(hint);
  });

  test('known ones are not', () => {
    expect(warnings({ ...minimal, count: 1, refork: true })).toEqual([]);
  });
});

test('refork: true in development is warned of', () => {
  const [warning] = warnings({ ...minimal, mode: 'development', refork: true });
  expect(warning).toMatchObject({ code: 'CLUSTER_OPTION_IGNORED', message: expect.stringContaining('refork') });
});

describe('exec', () => {
  test.each([
    ['app.js', 'app.js'],
    ['./app', 'app.js'],
    ['other', 'other.mjs'],
    ['server', 'server/index.cjs'],
    [file('app.js'), 'app.js'],
  ])('%s', (exec, found) => {
    expect(normalize({ ...minimal, exec }).exec).toBe(file(found));
  });

  test.each(['missing.js', 'jobs', '/no/such/file.js'])('%s does not exist', (exec) => {
    const { code, message } = refusal({ ...minimal, exec });
    expect(code).toBe('ERR_CONFIG_INVALID');
    expect(message).toContain('`exec`');
    expect(message).toContain(`'${exec}'`);
    expect(message).toContain(path.resolve(cwd, exec));
  });
});

describe('cwd and title', () => {
  test('cwd must exist', () => {
    expect(refusal({ ...minimal, cwd: file('missing') })).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('`cwd`'),
    });
  });

  test('the nearest package.json with a name', () => {
    const root = folder({
      'package.json': '{"name":"outer"}',
      'a/package.json': '{"type":"module"}',
      'a/b/app.js': '',
    });
    expect(normalize({ ...minimal, cwd: path.join(root, 'a/b') }).title).toBe('yunfly-outer');
  });
});

test("count: 'auto' is between 1 and the number of CPUs", () => {
  const { count } = normalize({ ...minimal, count: 'auto' });
  expect(Number.isInteger(count)).toBe(true);
  expect(count).toBeGreaterThanOrEqual(1);
  expect(count).toBeLessThanOrEqual(require('node:os').cpus().length);
});

test('a size beyond what a number holds exactly is no size', () => {
  for (const maxMemory of ['99999999999G', `${'9'.repeat(400)}G`]) {
    expect(() => normalize({ ...minimal, maxMemory })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('maxMemory') }),
    );
  }
});
