'use strict';

const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { normalize } = require('../../lib/config');
const { FIELDS } = require('../../lib/config/fields');
const { toLaunch, toNativeConfig } = require('../../lib/config/settings');
const { Master } = require('../../lib/native/addon');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const lib = path.join(__dirname, '../../lib');
const preload = path.join(lib, 'preload/index.js');
const cwd = folder({ 'app.js': '', 'alone.js': '' });
const nativeConfig = (config) =>
  toNativeConfig(normalize({ exec: 'app.js', cwd, mode: 'production', title: 't', execArgv: [], ...config }));

const launch = (config) => nativeConfig(config).launch;
const boot = ({ boot: json }) => JSON.parse(json);

test("the children's command lines", () => {
  const { program, worker, alone } = launch({ alone: 'alone.js', execArgv: ['--no-warnings'], args: ['--port', '1'] });
  expect(program).toBe(process.execPath);
  expect(worker.args).toEqual([
    program,
    '--require',
    preload,
    '--no-warnings',
    path.join(cwd, 'app.js'),
    '--port',
    '1',
  ]);
  expect(alone.args).toEqual([program, '--require', preload, '--no-warnings', path.join(lib, 'preload/alone-main.js')]);
});

test('what the preload is told', () => {
  const { worker, alone } = launch({ alone: 'alone.js', aloneConfig: { a: 1 }, killTimeout: 7, ready: 'online' });
  const times = {
    app: process.pid,
    hasAlone: true,
    killTimeout: 7,
    crashTimeout: 2000,
    streamTimeout: 5000,
    workTimeout: false,
  };
  const both = { title: 't', mode: 'production', serialization: 'json', ready: 'online', ...times };
  expect(boot(worker)).toEqual({ role: 'worker', ...both, instanceVar: 'NODE_APP_INSTANCE' });
  expect(boot(alone)).toEqual({ role: 'alone', ...both, path: path.join(cwd, 'alone.js'), config: { a: 1 } });
});

test('the preload is told of advanced serialization', () => {
  const { worker, alone } = launch({ alone: 'alone.js', serialization: 'advanced' });
  expect(boot(worker)).toMatchObject({ serialization: 'advanced' });
  expect(boot(alone)).toMatchObject({ serialization: 'advanced' });
});

test.each([
  [undefined, 'worker'],
  ['process', 'process'],
  [false, 'never'],
])('randomWorker: %s', (randomWorker, expected) => {
  expect(nativeConfig({ randomWorker }).policy.randomWorker).toBe(expected);
});

test('recycling: requests are counted only where it needs that, and none of it is in development', () => {
  const of = (config) => {
    const { policy, launch } = nativeConfig(config);
    return [policy.maxRequests, policy.maxAge, boot(launch.worker).countRequests];
  };
  expect(of({})).toEqual([undefined, undefined, undefined]);
  expect(of({ maxRequests: 5000 })).toEqual([5000, undefined, true]);
  expect(of({ maxAge: 60_000 })).toEqual([undefined, 60_000, undefined]);
  expect(of({ mode: 'development', watch: false, maxRequests: 5000, maxAge: 60_000 })).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

describe('the master understands what the table sends it', () => {
  const everything = {
    alone: 'alone.js',
    hangTimeout: 1000,
    aloneLimit: 60,
    maxMemory: '1G',
    maxRequests: 5000,
    maxAge: 60_000,
    standby: 1,
    output: 'prefix',
    admin: 0,
    logger: console,
  };
  const start = (told) => new Master(JSON.stringify(told), () => {});
  /** What it says that it would have expected in the place of a field that it doesn't know. */
  const known = (told) => {
    try {
      start(told);
    } catch ({ message }) {
      expect(message).toMatch(
        /^the configuration of the master is not understood \(unknown field `surplus`, .+ Install the package anew/,
      );
      return [
        ...message
          .split('expected one of')[1]
          .split(' at line')[0]
          .matchAll(/`(\w+)`/g),
      ]
        .map(([, name]) => name)
        .sort();
    }
    return undefined;
  };

  test.each([
    ['everything', everything],
    ['the defaults', {}],
    [
      'development',
      { mode: 'development', watch: ['app.js'], limit: 0.0005, randomWorker: false, execArgv: ['--inspect=0'] },
    ],
    ['half of a character', { title: '\ud83d', args: ['\ud83d'], env: { HALF: '\ud83d' } }],
  ])('%s', (_what, config) => {
    expect(() => start(nativeConfig(config))).not.toThrow();
  });

  test('it knows no other fields, and each that is sent', () => {
    const told = nativeConfig(everything);
    // The fleet's is told at the start only (config-fleet.test.js).
    expect(known({ ...told, surplus: 1 })).toEqual([...Object.keys(told), 'fleet'].sort());
    expect(known({ ...told, policy: { ...told.policy, surplus: 1 } })).toEqual(
      // Only a primary with register tells this one.
      [...Object.keys(told.policy), 'adoptedEnd'].sort(),
    );
    expect(known({ ...told, launch: { ...told.launch, surplus: 1 } })).toEqual(Object.keys(told.launch).sort());
  });

  test.each(Object.keys(FIELDS).filter((name) => FIELDS[name].to?.includes('core')))(
    'a wrong value of %s is refused',
    (name) => {
      const told = nativeConfig({});
      expect(() => start({ ...told, policy: { ...told.policy, [name]: ['wrong'] } })).toThrow(
        /not understood \(invalid type: (sequence|map)|expected/,
      );
    },
  );
});

test('a reload tells how processes are launched, and nothing else', () => {
  const settings = normalize({ exec: 'app.js', cwd, mode: 'production', title: 't' });
  expect(toLaunch(settings)).toEqual(toNativeConfig(settings).launch);
});

test('what the environment says to the master, and to its watch, goes to it as data', () => {
  process.env.YUNFLY_LOG = 'debug';
  process.env.GIT_CONFIG_GLOBAL = '/nowhere';
  try {
    expect(nativeConfig({}).variables).toMatchObject({ YUNFLY_LOG: 'debug' });
    expect(nativeConfig({}).variables).not.toHaveProperty('GIT_CONFIG_GLOBAL');
    expect(nativeConfig({ mode: 'development' }).variables).toMatchObject({
      GIT_CONFIG_GLOBAL: '/nowhere',
      HOME: os.homedir(),
    });
  } finally {
    delete process.env.YUNFLY_LOG;
    delete process.env.GIT_CONFIG_GLOBAL;
  }
});

test('without an alone nothing of it', () => {
  const { policy, launch: told } = JSON.parse(JSON.stringify(nativeConfig({ alone: false })));
  expect(policy.alone).toBe(false);
  expect(told).not.toHaveProperty('alone');
});

test('the environment: overlaid, text only, without what the master sets', () => {
  process.env.UNIT_INHERITED = 'yes';
  process.env.UNIT_REMOVED = 'yes';
  process.env.NODE_APP_INSTANCE = '5';
  process.env.WATCH_REPORT_DEPENDENCIES = '1';
  process.env.LISTEN_FDS = '1';
  try {
    const { env } = launch({ env: { UNIT_REMOVED: undefined, UNIT_NUMBER: 1, UNIT_FLAG: false, NODE_UNIQUE_ID: '9' } });
    expect(env).toEqual(
      expect.arrayContaining(['UNIT_INHERITED=yes', 'UNIT_NUMBER=1', 'UNIT_FLAG=false', `PATH=${process.env.PATH}`]),
    );
    const names = env.map((variable) => variable.split('=')[0]);
    const none = ['UNIT_REMOVED', 'NODE_APP_INSTANCE', 'NODE_UNIQUE_ID', 'WATCH_REPORT_DEPENDENCIES', 'LISTEN_FDS'];
    expect(names.filter((name) => none.includes(name))).toEqual([]);
  } finally {
    for (const name of [
      'UNIT_INHERITED',
      'UNIT_REMOVED',
      'NODE_APP_INSTANCE',
      'WATCH_REPORT_DEPENDENCIES',
      'LISTEN_FDS',
    ])
      delete process.env[name];
  }
});

describe('flags that are inherited from the app', () => {
  const flagsOf = (...flags) => {
    const code = `
      const { normalize } = require(${JSON.stringify(path.join(lib, 'config'))});
      const { toLaunch } = require(${JSON.stringify(path.join(lib, 'config/settings'))});
      const { worker } = toLaunch(normalize({ exec: 'app.js', cwd: ${JSON.stringify(cwd)}, mode: 'production' }));
      console.log(JSON.stringify(worker.args.slice(3, -1)));`;
    const env = { ...process.env, NODE_OPTIONS: '' };
    return JSON.parse(
      execFileSync(process.execPath, [...flags, '-e', code], { env, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  };

  test('all but the code of --eval', () => {
    expect(flagsOf('--no-warnings')).toEqual(['--no-warnings']);
  });

  test('where an inspector listens is told apart: each child gets a port of its own', () => {
    expect(flagsOf('--inspect=127.0.0.1:0')).toEqual(['--inspect']);
    expect(launch({ execArgv: ['--inspect=127.0.0.1:9300'] }).inspector).toEqual({ host: '127.0.0.1', port: 9300 });
  });

  test('who waits for a debugger may take as long as it needs', () => {
    expect(nativeConfig({ execArgv: ['--inspect-brk'], startTimeout: 100 }).policy.startTimeout).toBeGreaterThan(1e9);
  });
});

test('`watch: []`: what failed waits, and nothing is watched', () => {
  const told = (watch) => {
    const { watched, policy } = nativeConfig({ mode: 'development', watch });
    return { watched: watched?.paths, reloadDelay: policy.reloadDelay };
  };
  expect(told([])).toEqual({ watched: undefined, reloadDelay: 500 });
  expect(told(false)).toEqual({ watched: undefined, reloadDelay: undefined });
  const file = path.join(cwd, 'app.js');
  expect(told([file])).toEqual({ watched: [file], reloadDelay: 500 });
});
