'use strict';

const { parse, withFile } = require('../../lib/cli/arguments');
const { help } = require('../../lib/cli/help');
const { OPTIONS, UsageError } = require('../../lib/cli/options');
const { mergeConfig, requireEcosystem } = require('../../lib/cli/config-file');
const { FIELDS } = require('../../lib/config/fields');

const typed = (line) => parse(line.split(' '));
const config = (line) => typed(line).config;

test.each([
  ['app.js', { exec: 'app.js' }],
  ['start app.js', { exec: 'app.js' }],
  ['start start', { exec: 'start' }],
  ['--count 8 app.js', { exec: 'app.js', count: 8 }],
  ['start --count=auto app.js', { exec: 'app.js', count: 'auto' }],
  ['--alone src/alone app.js', { exec: 'app.js', alone: 'src/alone' }],
  ['--no-alone app.js', { exec: 'app.js', alone: false }],
  ['--title shop --cwd /srv app.js', { exec: 'app.js', title: 'shop', cwd: '/srv' }],
  ['--dev app.js', { exec: 'app.js', mode: 'development' }],
  ['--watch src --watch config app.js', { exec: 'app.js', watch: ['src', 'config'] }],
  ['--dev --count 2 --dev --count 2 app.js', { exec: 'app.js', mode: 'development', count: 2 }],
  [
    '--env A=1 --env URL=http://x/?a=b --env EMPTY= app.js',
    { exec: 'app.js', env: { A: '1', URL: 'http://x/?a=b', EMPTY: '' } },
  ],
  [
    '--fleet nats://a --fleet tls://b:4222 app.js',
    { exec: 'app.js', fleet: { servers: ['nats://a', 'tls://b:4222'] } },
  ],
  ['--random-worker process app.js', { exec: 'app.js', randomWorker: 'process' }],
  ['--no-random-worker app.js', { exec: 'app.js', randomWorker: false }],
  ['--standby 1 --balance sticky app.js', { exec: 'app.js', standby: 1, balance: 'sticky' }],
  [
    '--kill-timeout 100 --reload-delay 0 --limit 1.5 app.js',
    { exec: 'app.js', killTimeout: 100, reloadDelay: 0, limit: 1.5 },
  ],
  ['--ready message app.js', { exec: 'app.js', ready: 'message' }],
  ['--ready-port 3000 --ready-port 3001 app.js', { exec: 'app.js', ready: { port: [3000, 3001] } }],
  ['--max-memory 512M app.js', { exec: 'app.js', maxMemory: '512M' }],
  ['--max-requests 5000 --max-age 86400000 app.js', { exec: 'app.js', maxRequests: 5000, maxAge: 86_400_000 }],
  ['--max-memory 536870912 app.js', { exec: 'app.js', maxMemory: 536870912 }],
  ['--admin 9100 app.js', { exec: 'app.js', admin: { port: 9100 } }],
  ['--admin 0.0.0.0:9100 app.js', { exec: 'app.js', admin: { host: '0.0.0.0', port: 9100 } }],
  ['--admin localhost:0 app.js', { exec: 'app.js', admin: { host: 'localhost', port: 0 } }],
  ['--admin [::1]:9100 app.js', { exec: 'app.js', admin: { host: '::1', port: 9100 } }],
  ['--admin ./admin.sock app.js', { exec: 'app.js', admin: { path: './admin.sock' } }],
  ['--instance-var INDEX app.js', { exec: 'app.js', instanceVar: 'INDEX' }],
  ['--no-instance-var app.js', { exec: 'app.js', instanceVar: false }],
  ['--output prefix --no-refork app.js', { exec: 'app.js', output: 'prefix', refork: false }],
  ['app.js --count 3 x', { exec: 'app.js', count: 3, args: ['x'] }],
  ['app.js --dev -- --dev', { exec: 'app.js', mode: 'development', args: ['--dev'] }],
  ['app.js -- --port 1', { exec: 'app.js', args: ['--port', '1'] }],
  ['app.js a -- b -- c', { exec: 'app.js', args: ['a', 'b', '--', 'c'] }],
  ['--count 2 -- app.js a', { count: 2, args: ['app.js', 'a'] }],
  ['start -- 8080', { args: ['8080'] }],
  ['-- start 8080', { args: ['start', '8080'] }],
  ['--count 2 -- --port 1 a', { count: 2, args: ['--port', '1', 'a'] }],
  ['start -- --port 1', { args: ['--port', '1'] }],
  ['--count 2', { count: 2 }],
])('%s', (line, expected) => {
  expect(typed(line)).toEqual({ config: expected, nodeFlags: [] });
});

test.each([
  [{ args: ['app.js', 'a'] }, undefined, { exec: 'app.js', args: ['a'] }],
  [{ args: ['app.js'], count: 2 }, undefined, { exec: 'app.js', count: 2 }],
  [{ args: ['app.js', 'a'] }, 'other.js', { args: ['app.js', 'a'] }],
  [{ args: ['--port', '1'] }, undefined, { args: ['--port', '1'] }],
  [{ exec: 'app.js', args: ['8080'] }, undefined, { exec: 'app.js', args: ['8080'] }],
  [{}, undefined, {}],
])('the file behind a --: %j, with %j in the configuration', (config, exec, expected) => {
  expect(withFile({ config, nodeFlags: [] }, exec)).toEqual({ config: expected, nodeFlags: [] });
});

test('flags of Node are passed on', () => {
  const line =
    '--inspect=0 --enable-source-maps -r ./first.js --import tsx --exec-argv=--expose-gc --exec-argv=--prof app.js --inspect -- --inspect=1';
  const flags = [
    '--inspect=0',
    '--enable-source-maps',
    '--require=./first.js',
    '--import=tsx',
    '--expose-gc',
    '--prof',
    '--inspect',
  ];
  expect(typed(line)).toEqual({ config: { exec: 'app.js', args: ['--inspect=1'] }, nodeFlags: flags });
});

test('flags of Node that NODE_OPTIONS may not hold in each version', () => {
  const line = '--env-file .env --env-file-if-exists=.env.local --cpu-prof --cpu-prof-dir out app.js';
  const nodeFlags = ['--env-file=.env', '--env-file-if-exists=.env.local', '--cpu-prof', '--cpu-prof-dir=out'];
  expect(typed(line)).toEqual({ config: { exec: 'app.js' }, nodeFlags });
});

test('--quiet, --no-config', () => {
  expect(typed('-q --no-config app.js')).toMatchObject({ quiet: true, configFile: false });
});

test('--help, --version and --config', () => {
  expect(typed('-h')).toMatchObject({ help: true });
  expect(typed('--version')).toMatchObject({ version: true });
  expect(typed('--config cluster.json')).toMatchObject({ configFile: 'cluster.json' });
});

test("of PM2's ecosystem file: the environment, the app; PM2's names for such files are known", () => {
  const line = 'start ecosystem.config.js --env production --env A=1 --only shop -- --port 80';
  expect(typed(line)).toEqual({
    config: { env: { A: '1' }, args: ['--port', '80'] },
    nodeFlags: [],
    configFile: 'ecosystem.config.js',
    environment: 'production',
    only: 'shop',
  });
  expect(typed('apps.json')).toMatchObject({ configFile: 'apps.json', config: {} });
  expect(typed('--config a.json b.json')).toMatchObject({ configFile: 'a.json', config: { exec: 'b.json' } });
});

test.each([
  ['-i 4 app.js', "-i is not an option. It is PM2's: here it is --count <n|auto>."],
  ['--instances max app.js', 'here it is --count <n|auto>.'],
  ['app.js --name shop', 'here it is --title <name>.'],
  ['--max-memory-restart 300M app.js', 'here it is --max-memory <size>.'],
  ['--no-autorestart app.js', 'here it is --no-refork.'],
  ['--wait-ready app.js', 'here it is --ready message.'],
  ['--no-daemon app.js', 'the command stays in the foreground'],
  ['--cron-restart x app.js', 'send SIGHUP to the app'],
  ['--restart-delay 3 app.js', "It is PM2's: a worker is replaced at once"],
  ['--namespace x app.js', "It is PM2's: leave it out."],
  ['app.js --watch', '--watch needs a value: --watch=<path>. In development (--dev) the app is watched without it.'],
  ['--env-file', '--env-file needs a value: --env-file=<value>.'],
  ['--conut 3 app.js', '--conut is not an option. Did you mean --count?'],
  ['--stand-by 3 app.js', 'Did you mean --standby?'],
  ['--completely-different app.js', 'See cluster-native --help.'],
  ['-x app.js', '-x is not an option.'],
  [
    'app.js --own-port 1',
    '--own-port is not an option. See cluster-native --help. What is for the workers stands after a --: <file> -- --own-port',
  ],
  ['--count many app.js', "--count takes a number, but got 'many'."],
  ['--kill-timeout 5s app.js', "--kill-timeout takes a number, but got '5s'."],
  ['--admin everywhere app.js', "--admin takes a port, host:port or the path of a socket, but got 'everywhere'."],
  ['--admin :9100 app.js', "--admin takes a port, host:port or the path of a socket, but got ':9100'."],
  ['--admin app.js', "--admin takes a port, host:port or the path of a socket, but got 'app.js'."],
  ['--admin', '--admin needs a value'],
  ['--random-worker alone app.js', "--random-worker takes worker or process, but got 'alone'."],
  ['--balance fair app.js', "--balance takes auto, round-robin, shared or sticky, but got 'fair'."],
  ['--output pipe app.js', "--output takes inherit or prefix, but got 'pipe'."],
  ['--dev --prod app.js', 'Give either --dev or --prod, not both.'],
  ['--prod app.js --dev', 'Give either --prod or --dev, not both.'],
  ['--alone x --no-alone app.js', 'Give either --alone or --no-alone, not both.'],
  ['--no-watch --watch src app.js', 'Give either --no-watch or --watch, not both.'],
  ['--count 2 --count 3 app.js', '--count is given twice, with 2 and with 3. Give it once.'],
  ['--env production --env staging app.js', '--env is given twice, with production and with staging. Give it once.'],
  ['--config a.json --config b.json', '--config is given twice, with a.json and with b.json. Give it once.'],
  ['--env =A app.js', "--env takes KEY=VALUE, but got '=A'."],
  ['--title --dev app.js', '--title needs a value: --title=<name>.'],
  ['app.js --env', '--env needs a value: --env=<KEY=VALUE>.'],
  ['--title= app.js', '--title needs a value'],
  ['-r', '-r needs a value: -r <module>.'],
  ['--count', '--count needs a value'],
  ['--dev=yes app.js', "--dev takes no value, but got 'yes'."],
])('%s: %s', (line, message) => {
  expect(() => typed(line)).toThrow(UsageError);
  expect(() => typed(line)).toThrow(message);
});

test.each([
  ['--env A app.js', "--env takes KEY=VALUE, but got 'A'."],
  ['--only shop app.js', "--only chooses an app of PM2's ecosystem file: give it with --config."],
])('without such a file, %s: %s', (line, message) => {
  expect(() => requireEcosystem(typed(line))).toThrow(UsageError);
  expect(() => requireEcosystem(typed(line))).toThrow(message);
});

test('a value that looks like an option, with a =', () => {
  expect(config('--title=--dev app.js')).toEqual({ exec: 'app.js', title: '--dev' });
});

test('what is typed wins over the file; variables and flags of both count', () => {
  const fromFile = { exec: 'a.js', count: 2, title: 'file', env: { A: '1', B: '1' }, execArgv: ['--prof'] };
  const merged = mergeConfig(fromFile, typed('--count 3 --env B=2 --inspect b.js'));
  expect(merged).toEqual({
    exec: 'b.js',
    count: 3,
    title: 'file',
    env: { A: '1', B: '2' },
    execArgv: ['--prof', '--inspect'],
  });
});

test('the servers that are typed take the place of those of the file; its credentials stay', () => {
  const credentials = { token: 't' };
  const laid = (fleet) => mergeConfig({ fleet }, typed('--fleet nats://b app.js')).fleet;
  const expected = { servers: ['nats://b'], credentials };
  expect(laid({ url: 'nats://a', credentials })).toEqual(expected);
  expect(laid({ servers: ['nats://a', 'nats://c'], credentials })).toEqual(expected);
  expect(laid(false)).toEqual({ servers: ['nats://b'] });
});

test('parts of the output that are typed are laid over those of the file', () => {
  const laid = (output, line) => JSON.parse(JSON.stringify(mergeConfig({ output }, typed(`${line} app.js`)).output));
  const file = { file: 'a.log', maxSize: '10M', keep: 3 };
  expect(laid(file, '--output-file x.log')).toEqual({ ...file, file: 'x.log' });
  expect(laid({ file: 'a.log' }, '--output-max-size 5M')).toEqual({ file: 'a.log', maxSize: '5M' });
  expect(laid({ outFile: 'o.log', errorFile: 'e.log', keep: 3 }, '--output-file x.log')).toEqual({
    file: 'x.log',
    keep: 3,
  });
  expect(laid('prefix', '--output-file x.log')).toEqual({ file: 'x.log' });
});

test('a password is not typed, and not repeated', () => {
  let thrown;
  try {
    typed('--fleet nats://user:SECRET@a app.js');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  expect(thrown.message).toMatch(/^--fleet takes a URL without a user and a password\. .+`fleet\.credentials`/);
  expect(thrown.message).not.toMatch(/user:|SECRET/);
});

test('variables and flags that the file has wrong are left to be refused', () => {
  const merged = mergeConfig({ env: 'A=1', execArgv: '--prof' }, typed('--env B=2 --inspect b.js'));
  expect(merged).toEqual({ exec: 'b.js', env: 'A=1', execArgv: '--prof' });
});

test('without flags for Node the processes get those of this one, by their default', () => {
  expect(mergeConfig({}, typed('b.js'))).toEqual({ exec: 'b.js' });
  expect(mergeConfig({}, typed('--no-warnings b.js')).execArgv).toEqual([...process.execArgv, '--no-warnings']);
});

describe('the help', () => {
  const named = OPTIONS.filter(({ name }) => name);

  test.each(named.map(({ name }) => [name]))('tells of --%s', (name) => {
    expect(help()).toMatch(new RegExp(`--${name}\\b`));
  });

  test('fits into 80 columns', () => {
    expect(
      help()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  test.each([
    ['the default', /--count <n\|auto> .*\(4\)$/m],
    ['that of each mode', /--kill-timeout <ms>[^-]*\(25000; --dev: 5000\)$/m],
    ['what is off', /--max-memory <size>.*\(off\)$/m],
    ['what depends on others', /--title <name>.*\(yunfly-<package>\)$/m],
  ])('tells %s', (_what, line) => {
    expect(help()).toMatch(line);
  });

  test('every option sets a field that there is', () => {
    const fields = named.flatMap(({ field }) => field ?? []);
    expect(fields.filter((field) => !Object.hasOwn(FIELDS, field))).toEqual([]);
  });
});
