'use strict';

const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { normalize } = require('../../lib/config');
const { toNativeConfig } = require('../../lib/config/settings');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const lib = path.join(__dirname, '../../lib');
const preload = path.join(lib, 'preload/index.js');
const cwd = folder({ 'app.js': '', 'alone.js': '' });
const nativeConfig = (config) =>
  toNativeConfig(normalize({ exec: 'app.js', cwd, mode: 'production', title: 't', execArgv: [], ...config }));

test("the children's command lines", () => {
  const config = nativeConfig({ alone: 'alone.js', execArgv: ['--no-warnings'], args: ['--port', '1'] });
  expect(config.execPath).toBe(process.execPath);
  expect(config.workerArgv).toEqual(['--require', preload, '--no-warnings', path.join(cwd, 'app.js'), '--port', '1']);
  expect(config.aloneArgv).toEqual(['--require', preload, '--no-warnings', path.join(lib, 'preload/alone-main.js')]);
});

test('what the preload is told', () => {
  const config = nativeConfig({ alone: 'alone.js', aloneConfig: { a: 1 }, killTimeout: 7, ready: 'online' });
  const times = { app: process.pid, killTimeout: 7, crashTimeout: 2000, streamTimeout: 5000 };
  expect(JSON.parse(config.workerBoot)).toEqual({ role: 'worker', title: 't', ...times, ready: 'online', instanceVar: 'NODE_APP_INSTANCE' });
  expect(JSON.parse(config.aloneBoot)).toEqual({ role: 'alone', title: 't', ...times, path: path.join(cwd, 'alone.js'), config: { a: 1 } });
});

test('the preload is told of advanced serialization', () => {
  const { workerBoot, aloneBoot } = nativeConfig({ alone: 'alone.js', serialization: 'advanced' });
  expect(JSON.parse(workerBoot)).toMatchObject({ serialization: 'advanced' });
  expect(JSON.parse(aloneBoot)).toMatchObject({ serialization: 'advanced' });
});

test.each([
  [undefined, 'worker'],
  ['process', 'process'],
  [false, undefined],
])('randomWorker: %s', (randomWorker, expected) => {
  expect(nativeConfig({ randomWorker }).randomWorker).toBe(expected);
});

test('what the environment says to the master, and to its watch, goes to it as data', () => {
  process.env.YUNFLY_LOG = 'debug';
  process.env.GIT_CONFIG_GLOBAL = '/nowhere';
  try {
    expect(nativeConfig({}).variables).toMatchObject({ YUNFLY_LOG: 'debug' });
    expect(nativeConfig({}).variables).not.toHaveProperty('GIT_CONFIG_GLOBAL');
    expect(nativeConfig({ mode: 'development' }).variables).toMatchObject({ GIT_CONFIG_GLOBAL: '/nowhere', HOME: os.homedir() });
  } finally {
    delete process.env.YUNFLY_LOG;
    delete process.env.GIT_CONFIG_GLOBAL;
  }
});

test('without an alone nothing of it', () => {
  expect(Object.keys(nativeConfig({ alone: false })).filter((name) => name.startsWith('alone'))).toEqual([]);
});

test('the environment: overlaid, text only, without what the master sets', () => {
  process.env.UNIT_INHERITED = 'yes';
  process.env.UNIT_REMOVED = 'yes';
  process.env.NODE_APP_INSTANCE = '5';
  process.env.WATCH_REPORT_DEPENDENCIES = '1';
  try {
    const { env } = nativeConfig({ env: { UNIT_REMOVED: undefined, UNIT_NUMBER: 1, UNIT_FLAG: false, NODE_UNIQUE_ID: '9' } });
    expect(env).toMatchObject({ UNIT_INHERITED: 'yes', UNIT_NUMBER: '1', UNIT_FLAG: 'false', PATH: process.env.PATH });
    for (const name of ['UNIT_REMOVED', 'NODE_APP_INSTANCE', 'NODE_UNIQUE_ID', 'WATCH_REPORT_DEPENDENCIES']) expect(env).not.toHaveProperty([name]);
  } finally {
    for (const name of ['UNIT_INHERITED', 'UNIT_REMOVED', 'NODE_APP_INSTANCE', 'WATCH_REPORT_DEPENDENCIES']) delete process.env[name];
  }
});

describe('flags that are inherited from the app', () => {
  const flagsOf = (...flags) => {
    const code = `
      const { normalize } = require(${JSON.stringify(path.join(lib, 'config'))});
      const { toNativeConfig } = require(${JSON.stringify(path.join(lib, 'config/settings'))});
      const { workerArgv } = toNativeConfig(normalize({ exec: 'app.js', cwd: ${JSON.stringify(cwd)}, mode: 'production' }));
      console.log(JSON.stringify(workerArgv.slice(2, -1)));`;
    const env = { ...process.env, NODE_OPTIONS: '' };
    return JSON.parse(execFileSync(process.execPath, [...flags, '-e', code], { env, stdio: ['ignore', 'pipe', 'ignore'] }));
  };

  test('all but the code of --eval', () => {
    expect(flagsOf('--no-warnings')).toEqual(['--no-warnings']);
  });

  test('where an inspector listens is told apart: each child gets a port of its own', () => {
    expect(flagsOf('--inspect=127.0.0.1:0')).toEqual(['--inspect']);
    const { inspectHost, inspectPort } = nativeConfig({ execArgv: ['--inspect=127.0.0.1:9300'] });
    expect({ inspectHost, inspectPort }).toEqual({ inspectHost: '127.0.0.1', inspectPort: 9300 });
  });

  test('who waits for a debugger may take as long as it needs', () => {
    expect(nativeConfig({ execArgv: ['--inspect-brk'], startTimeout: 100 }).startTimeout).toBeGreaterThan(1e9);
  });
});
