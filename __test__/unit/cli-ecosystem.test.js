'use strict';
// PM2's ecosystem file as a configuration.

const path = require('node:path');
const { usableCpus } = require('../../lib/config/cpus');
const { isEcosystem, readEcosystem } = require('../../lib/cli/pm2/ecosystem');
const pm2Options = require('pm2/lib/API/schema.json');
const { OPTIONS, nameOf } = require('../../lib/cli/pm2/options');

const NOTHING_TYPED = { config: {}, nodeFlags: [] };
const SCRIPT = __filename;
const read = (app, typed = {}) => readEcosystem({ apps: [{ script: SCRIPT, ...app }] }, { ...NOTHING_TYPED, ...typed });
const configOf = (app, typed) => read(app, typed).config;

let warnings;
beforeEach(() => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation((message, { code }) => warnings.push([code, message]));
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('which file is one', () => {
  test.each([
    [{ apps: [] }, true],
    [{ apps: { script: 'a.js' } }, true],
    [[{ script: 'a.js' }], true],
    [{ script: 'a.js' }, true],
    [{ name: 'shop', version: '1.0.0', pm2: { script: 'a.js' } }, true],
    [{ exec: 'a.js', count: 2 }, false],
    [{}, false],
    [[], false],
    [null, false],
    ['a.js', false],
  ])('%j: %s', (content, is) => {
    expect(isEcosystem(content)).toBe(is);
  });

  test.each([
    [{ apps: { script: SCRIPT } }],
    [[{ script: SCRIPT }]],
    [{ script: SCRIPT }],
    [{ pm2: { script: SCRIPT } }],
    [{ pm2: { apps: [{ script: SCRIPT }] } }],
  ])('its app is found: %j', (content) => {
    expect(readEcosystem(content, NOTHING_TYPED).config.exec).toBe(SCRIPT);
  });
});

test('an app that says nothing else: one process in production mode, without an alone; the environment is what it was', () => {
  expect(read({})).toEqual({
    config: {
      exec: SCRIPT,
      mode: 'production',
      alone: false,
      count: 1,
      ready: 'online',
      env: { NODE_ENV: process.env.NODE_ENV },
      execArgv: ['--enable-source-maps'],
    },
    names: { exec: 'script' },
  });
});

test.each([
  [{ name: 'shop' }, { title: 'shop' }],
  [{ cwd: '/srv/shop' }, { cwd: '/srv/shop' }],
  [{ instances: 4 }, { count: 4 }],
  [{ instances: '4' }, { count: 4 }],
  [{ instances: 'max' }, { count: 'auto' }],
  [{ instances: 0 }, { count: 'auto' }],
  [{ instances: -1 }, { count: Math.max(1, usableCpus() - 1) }],
  [{ instances: -1000 }, { count: 1 }],
  [{ args: ['--port', 80] }, { args: ['--port', '80'] }],
  [{ args: `start --name="a b" "c d" 'e f' ""  g` }, { args: ['start', '--name="a b"', 'c d', 'e f', 'g'] }],
  [
    { node_args: '--expose-gc --stack-size=2000' },
    { execArgv: ['--enable-source-maps', '--expose-gc', '--stack-size=2000'] },
  ],
  [{ interpreter_args: ['--prof'] }, { execArgv: ['--enable-source-maps', '--prof'] }],
  [{ interpreterArgs: ['--prof'] }, { execArgv: ['--enable-source-maps', '--prof'] }],
  [{ source_map_support: false }, { execArgv: undefined }],
  [{ disable_source_map_support: true }, { execArgv: undefined }],
  [{ max_memory_restart: '300M' }, { maxMemory: '300M' }],
  [{ max_memory_restart: '314572800' }, { maxMemory: 314572800 }],
  [{ max_memory_restart: 0 }, { maxMemory: undefined }],
  [{ kill_timeout: 5000 }, { killTimeout: 5000 }],
  [{ killTimeout: '5000' }, { killTimeout: 5000 }],
  [{ listen_timeout: 8000 }, { startTimeout: 60_000 }],
  [{ listen_timeout: 90_000 }, { startTimeout: 90_000 }],
  [{ min_uptime: '10s' }, { minUptime: 10_000 }],
  [{ min_uptime: '1h' }, { minUptime: 3_600_000 }],
  [{ min_uptime: 5000 }, { minUptime: 5000 }],
  [{ wait_ready: true }, { ready: 'message' }],
  [{ exec_mode: 'cluster' }, { count: 1, ready: undefined }],
  [
    { exec_mode: 'cluster_mode', instances: 2 },
    { count: 2, ready: undefined },
  ],
  [{ instances: 2 }, { count: 2, ready: undefined }],
  [
    { exec_mode: 'fork', instances: 2 },
    { count: 2, ready: 'online' },
  ],
  [{ exec_mode: 'cluster', wait_ready: true }, { ready: 'message' }],
  [{ autorestart: false }, { refork: false }],
  [{ autorestart: true }, { refork: undefined }],
  [{ instance_var: 'INDEX' }, { instanceVar: 'INDEX' }],
  [
    { watch: ['src'], watch_delay: 100 },
    { watch: ['src'], reloadDelay: 100 },
  ],
  [{ watch: false }, { watch: false }],
  [{ cron_restart: 0, autostart: true, time: false, exec_interpreter: 'node' }, {}],
  [{ interpreter: process.execPath }, {}],
  [{ interpreter: '', uid: '', gid: '', increment_var: '', stop_exit_codes: [] }, {}],
  [{ user: '', stop_exit_codes: false }, {}],
  [{ kill_timeout: null, cron: undefined }, { killTimeout: undefined }],
])('%j', (app, fields) => {
  const config = configOf(app);
  for (const [field, value] of Object.entries(fields)) expect([field, config[field]]).toEqual([field, value]);
  expect(warnings).toEqual([]);
});

describe('env', () => {
  const app = { env: { A: 'env', B: 'env', C: { d: 1 } }, port: 3000, env_production: { B: 'production', PORT: 80 } };

  test('without --env; the port is a variable, an object is JSON', () => {
    const { env } = configOf(app);
    expect(env).toEqual({ NODE_ENV: process.env.NODE_ENV, A: 'env', B: 'env', C: '{"d":1}', PORT: 3000 });
  });

  test('--env production: env_production is laid over it', () => {
    expect(configOf(app, { environment: 'production' }).env).toMatchObject({ A: 'env', B: 'production', PORT: 80 });
  });

  test('that of `deploy` comes between them', () => {
    const deploy = { production: { env: { A: 'deploy', B: 'deploy' } } };
    const content = { apps: [{ script: SCRIPT, ...app }], deploy };
    const { config } = readEcosystem(content, { ...NOTHING_TYPED, environment: 'production' });
    expect(config.env).toMatchObject({ A: 'deploy', B: 'production' });
  });

  test('an environment that there is not: a warning, as PM2 has it', () => {
    expect(configOf(app, { environment: 'staging' }).env).toMatchObject({ A: 'env' });
    expect(warnings).toEqual([['CLUSTER_OPTION_IGNORED', expect.stringMatching(/--env staging.*`env_staging`/)]]);
  });

  test('what is no object is refused', () => {
    const message = "`env_production` must be an object of variables, but is 'A=1'.";
    expect(() => configOf({ env_production: 'A=1' }, { environment: 'production' })).toThrow(message);
  });

  test('a mode that is typed decides NODE_ENV, as without a file', () => {
    expect(configOf({}, { config: { mode: 'development' } }).env).toEqual({});
  });
});

describe('logs', () => {
  test.each([
    [{ out_file: 'out.log' }, { outFile: 'out.log' }],
    [
      { error: '/var/log/err.log', output: 'NULL' },
      { outFile: '/dev/null', errorFile: '/var/log/err.log' },
    ],
    [{ log_file: '~/all.log' }, { file: path.join(require('node:os').homedir(), 'all.log') }],
    [
      { disable_logs: true, out_file: 'out.log' },
      { outFile: '/dev/null', errorFile: '/dev/null' },
    ],
    [
      { instances: 2, out_file: 'a/out.log', error_file: 'err-0.log', log_file: 'all.txt' },
      { outFile: 'a/out-{instance}.log', errorFile: 'err-{instance}.log', file: 'all.txt' },
    ],
  ])('%j', (app, output) => {
    expect(read(app).config.output).toEqual(output);
  });

  test.each([
    [{}, true],
    [{ instances: 'max' }, true],
    [{ instances: 1 }, false],
    [{ exec_mode: 'cluster' }, false],
    [{ exec_mode: 'cluster', merge_logs: true }, true],
    [{ combine_logs: false }, false],
  ])('shared by all workers: %j: %s', (app, isShared) => {
    const { outFile } = read({ ...app, out_file: 'out.log' }).config.output;
    expect(outFile).toBe(isShared ? 'out.log' : 'out-{instance}.log');
  });

  test('none', () => {
    expect(read({ merge_logs: true, log_file: false }).config.output).toBeUndefined();
  });
});

describe('several apps', () => {
  const apps = [
    { name: 'shop', script: SCRIPT },
    { script: './jobs.js', cwd: __dirname },
    { name: 'shop', script: 'b.js' },
  ];
  const chosen = (only, of = apps) => readEcosystem({ apps: of }, { ...NOTHING_TYPED, only }).config;

  test('--only chooses one; one without a name has that of its script', () => {
    expect(chosen('jobs')).toMatchObject({ exec: './jobs.js' });
    expect(chosen('shop', apps.slice(0, 2))).toMatchObject({ exec: SCRIPT, title: 'shop' });
  });

  test.each([
    [undefined, apps, '`apps` must be one app, but is ["shop","jobs","shop"]. Choose it by its name: --only shop.'],
    ['mail', apps, "`apps` must be a list with one app called 'mail', but is"],
    ['shop', apps, "`apps` must be a list with one app called 'shop'"],
    [undefined, [], '`apps` must be one app, but is [].'],
    [undefined, ['a.js'], '`apps` must be an array of apps, each an object'],
  ])('%s of %j', (only, of, message) => {
    expect(() => chosen(only, of)).toThrow(message);
  });
});

test.each([
  [{ cron_restart: '0 3 * * *' }, "`cron_restart` must be left out, but is '0 3 * * *'. Send SIGHUP"],
  [{ cron: '0 3 * * *' }, '`cron` must be left out'],
  [{ interpreter: 'python3' }, "`interpreter` must be left out, but is 'python3'. Workers run with the Node.js"],
  [{ execInterpreter: 'bun' }, '`execInterpreter` must be left out'],
  [{ increment_var: 'PORT' }, 'Add NODE_APP_INSTANCE to the number'],
  [{ filter_env: ['AWS'] }, 'env -u NAME'],
  [{ shutdown_with_message: true }, 'a listener of SIGTERM'],
  [{ stop_exit_codes: [0] }, '`autorestart: false`'],
  [{ uid: 'www-data' }, 'User= in systemd'],
  [{ uid: 0 }, 'User= in systemd'],
  [{ user: 'www-data' }, '`user` must be left out'],
  [{ gid: 33 }, 'Group= in systemd'],
  [{ execute_command: true }, '`execute_command` must be left out'],
  [{ exec_mode: 'threads' }, "`exec_mode` must be 'cluster' or 'fork', but is 'threads'"],
  [{ instances: 'many' }, "`instances` must be a number, or 'max' for one per CPU, but is 'many'"],
  [{ wait_ready: 'yes' }, "`wait_ready` must be true or false, but is 'yes'"],
  [{ merge_logs: 1, out_file: 'out.log' }, '`merge_logs` must be true or false'],
  [{ out_file: true }, '`out_file` must be the path of a file'],
  [{ script: 'npm', args: 'start' }, "`script` must be a file of JavaScript or TypeScript, but is 'npm'. Programs"],
  [{ script: 'node app.js' }, 'Programs and shell commands are not run'],
  [{ script: './run.sh' }, '`script` must be a file of JavaScript or TypeScript'],
])('refused: %j', (app, message) => {
  const code = 'ERR_CONFIG_INVALID';
  expect(() => read(app)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});

test.each([
  [
    { max_restarts: 10 },
    '`max_restarts` has no effect: a worker that keeps failing is retried, with pauses, for --limit',
  ],
  [{ expBackoffRestartDelay: 100 }, '`expBackoffRestartDelay` has no effect'],
  [{ ignore_watch: ['logs'] }, '`ignore_watch` has no effect: files that git ignores'],
  [{ log_date_format: 'HH:mm' }, '`log_date_format` has no effect'],
  [{ autostart: false }, '`autostart` has no effect'],
])('no effect, which is said: %j', (app, message) => {
  read(app);
  expect(warnings).toEqual([['CLUSTER_OPTION_IGNORED', expect.stringContaining(message)]]);
});

test('an unknown option: a warning, with what may have been meant', () => {
  read({ kill_timeot: 1000 });
  const message = expect.stringContaining('`kill_timeot` is not known and has no effect. Did you mean `kill_timeout`?');
  expect(warnings).toEqual([['CLUSTER_UNKNOWN_OPTION', message]]);
});

test('`static`, which stands beside the apps, has no effect', () => {
  readEcosystem({ apps: [{ script: SCRIPT }], static: [{ path: 'public', port: 80 }] }, NOTHING_TYPED);
  expect(warnings).toEqual([['CLUSTER_OPTION_IGNORED', expect.stringContaining('`static` has no effect')]]);
});

test('what is not a value of the field is left to be refused by its name', () => {
  expect(read({ node_args: 5, args: 5, env: 'A=1', kill_timeout: '5s', cwd: 5 })).toMatchObject({
    config: { execArgv: ['--enable-source-maps', 5], args: 5, env: 'A=1', killTimeout: '5s', cwd: 5 },
    names: { execArgv: 'node_args', args: 'args', env: 'env', killTimeout: 'kill_timeout' },
  });
});

test('every option that PM2 knows, and every alias of it, is known', () => {
  const names = Object.entries(pm2Options).flatMap(([name, { alias = [] }]) => [name, ...[alias].flat()]);
  const unknown = names.filter((name) => !name.startsWith('^') && !Object.hasOwn(OPTIONS, nameOf(name)));
  expect(names.length).toBeGreaterThan(60);
  expect(unknown).toEqual([]);
});
