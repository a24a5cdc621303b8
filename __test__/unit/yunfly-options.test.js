'use strict';
// What yunfly's options become.

const { translate } = require('../../lib/yunfly/options');

const base = { exec: './run_worker', port: 9000 };
const given = { ...process.env };

afterEach(() => {
  process.env = { ...given };
  jest.restoreAllMocks();
});

const inMode = (mode, options) => {
  process.env.NODE_ENV = mode;
  return translate({ ...base, ...options }).config;
};

test('production', () => {
  expect(inMode('production', {})).toEqual({
    exec: './run_worker',
    mode: undefined,
    refork: true,
    watch: undefined,
    alone: false,
    count: 'auto',
    limit: undefined,
    title: undefined,
    args: undefined,
    env: {},
    workTimeout: 1000,
    aloneConfig: expect.any(Object),
  });
});

test.each([
  ['production', {}, { mode: 'production', refork: true, watch: undefined }],
  ['production', { refork: false }, { mode: 'production', refork: false, watch: undefined }],
  ['production', { isWatch: true, refork: true }, { mode: 'production', refork: false, watch: undefined }],
  ['development', { refork: true }, { mode: 'development', refork: undefined, watch: false }],
  ['development', { isWatch: true }, { mode: 'development', refork: undefined, watch: [] }],
  ['development', { watch: null }, { mode: 'development', refork: undefined, watch: false }],
  ['development', { watch: null, isWatch: true }, { mode: 'development', refork: undefined, watch: [] }],
  ['development', { watch: 'src' }, { mode: 'development', refork: undefined, watch: 'src' }],
  ['test', { mode: null }, { mode: 'development', refork: undefined, watch: false }],
  ['development', { mode: 'test' }, { mode: 'production', refork: false, watch: undefined }],
  ['development', { mode: 'test', refork: true }, { mode: 'production', refork: true, watch: undefined }],
  [
    'development',
    { mode: 'test', refork: true, isWatch: true },
    { mode: 'production', refork: false, watch: undefined },
  ],
  ['development', { mode: 'production' }, { mode: 'production', refork: true, watch: undefined }],
])('NODE_ENV=%s, %o', (NODE_ENV, options, { mode, ...expected }) => {
  process.env.NODE_ENV = NODE_ENV;
  const { config, shown } = translate({ ...base, ...options });
  expect(config).toMatchObject(expected);
  expect([shown.mode, config.aloneConfig.mode]).toEqual([mode, mode]);
  // Where the environment decides it is the cluster that says so.
  expect(config.mode).toBe(options.mode ? mode : undefined);
});

test.each(['release', 'prod', ''])('mode %j means nothing: NODE_ENV decides', (mode) => {
  expect(inMode('production', { mode })).toMatchObject({ mode: undefined, refork: true });
  expect(inMode('development', { mode })).toMatchObject({ mode: undefined, watch: false });
});

test.each([['test'], [['A=1']], [new Map([['A', '1']])]])('env %p is not taken apart: it is refused', (env) => {
  expect(inMode('production', { env }).env).toBe(env);
});

test('NODE_ENV is not set', () => {
  delete process.env.NODE_ENV;
  const { config, shown } = translate({ ...base });
  expect([config.mode, shown.mode]).toEqual([undefined, 'development']);
});

test.each([
  [{ alone: '' }, { alone: false }],
  [{ alone: ' ' }, { alone: false }],
  [{ alone: null }, { alone: false }],
  [{ alone: './run_alone' }, { alone: './run_alone' }],
  [{ alone: './run_alone', useAloneWorker: true }, { alone: './run_alone' }],
  [{ alone: './run_alone', useAloneWorker: false }, { alone: false }],
  [{ count: undefined }, { count: 'auto' }],
  [{ count: 0 }, { count: 'auto' }],
  [{ count: '0' }, { count: 'auto' }],
  [{ count: '3' }, { count: 3 }],
  [{ count: 'many' }, { count: 'many' }],
  [{ args: '{"a":1}' }, { args: ['{"a":1}'] }],
  [{ args: ['{"a":1}', 'b'] }, { args: ['{"a":1}', 'b'] }],
  [{ args: null }, { args: undefined }],
  [{ limit: 0 }, { limit: undefined }],
  [{ limit: 30 }, { limit: 30 }],
  [{ limit: '30' }, { limit: 30 }],
  [{ limit: '0' }, { limit: undefined }],
  [{ limit: 'long' }, { limit: 'long' }],
  [
    { hangTimeout: 5000, workTimeout: false },
    { hangTimeout: 5000, workTimeout: false },
  ],
])('%o', (options, expected) => {
  expect(inMode('production', options)).toMatchObject(expected);
});

test('of `env` what differs from the environment', () => {
  process.env.SAME = 'same';
  process.env.OTHER = 'before';
  expect(inMode('production', { env: process.env }).env).toEqual({});
  const env = { ...process.env, OTHER: 'after', SAME: undefined, NEW: 1, NEVER: undefined };
  expect(inMode('production', { env }).env).toEqual({ OTHER: 'after', SAME: undefined, NEW: 1 });
});

test('what has no meaning here is not passed on, and what is shown', () => {
  const options = { https: true, address: '10.0.0.1', yunflyVerfion: '1.2.3', duration: 60, windowsHide: true };
  const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  process.env.NODE_ENV = 'production';
  const more = { slaves: './other.js', isWatch: false, useAloneWorker: true };
  const { config, shown } = translate({ ...base, ...options, ...more });
  expect(warnings).not.toHaveBeenCalled();
  for (const name of [...Object.keys(options), ...Object.keys(more), 'port']) expect(config).not.toHaveProperty(name);
  expect(shown).toEqual({ port: 9000, url: 'https://10.0.0.1:9000', version: '1.2.3', mode: 'production' });
  expect(translate({ ...base, port: '80' }).shown.url).toBe('http://127.0.0.1:80');
});

test("the alone's argument: without the environment and the arguments", () => {
  const { aloneConfig } = inMode('production', { args: ['a'], env: { B: 1 }, title: 'shop', logger: console });
  expect(aloneConfig).toMatchObject({ exec: './run_worker', title: 'shop' });
  for (const name of ['args', 'env', 'logger']) expect(aloneConfig).not.toHaveProperty(name);
  expect(inMode('production', { aloneConfig: 'mine' }).aloneConfig).toBe('mine');
});

test.each([undefined, 0, 'x', 65_536, 1.5])('a port that is none: %p', (port) => {
  expect(() => translate({ ...base, port })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('`port` must be') }),
  );
});
