'use strict';
// What the children are started with: environment, arguments, flags, folder, titles, standard streams.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start, fixture, runtime } = require('../support/cluster');
const { folder, script } = require('../support/files');

const report = JSON.stringify(fixture('report.js'));
const alone = fixture('alone/reporting.js');

/** A worker that reports the value of an expression. */
const reporter = (expression) =>
  script(`require(${report})('value', { value: ${expression} }); require('node:http').createServer().listen(0);`);

const values = async (app, count = 1) => (await app.reported('value', count)).map(({ value }) => value);

test('env is laid over process.env; undefined removes', async () => {
  const exec = reporter('[process.env.GIVEN, process.env.INHERITED, process.env.REMOVED, "REMOVED" in process.env]');
  const app = await start(
    { exec, count: 1, env: { GIVEN: 'given', INHERITED: 'overlaid', REMOVED: null } },
    {
      env: { INHERITED: 'from the app', REMOVED: 'yes' },
    },
  );
  expect(await values(app)).toEqual([['given', 'overlaid', null, false]]);
});

test('nothing of the machinery is left in the environment', async () => {
  const names = ['YUNFLY_CLUSTER_BOOT', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'];
  const app = await start({
    exec: reporter(`${JSON.stringify(names)}.filter((name) => name in process.env)`),
    count: 1,
  });
  expect(await values(app)).toEqual([[]]);
});

test('a process that a worker forks is an ordinary one', async () => {
  const exec = script(`
    if (process.argv[2] === 'grandchild') {
      const { isPrimary } = require('node:cluster');
      process.send({ isPrimary, execArgv: process.execArgv });
    } else {
      const child = require('node:child_process').fork(__filename, ['grandchild']);
      child.on('message', (value) => require(${report})('value', { value }));
      child.on('exit', () => require('node:http').createServer().listen(0));
    }
  `);
  const app = await start({ exec, count: 1 });
  expect(await values(app)).toEqual([{ isPrimary: true, execArgv: [] }]);
});

test('args', async () => {
  const app = await start({ exec: reporter('process.argv.slice(2)'), count: 1, args: ['--port=1', 'two words', ''] });
  expect(await values(app)).toEqual([['--port=1', 'two words', '']]);
});

test("execArgv: the config's, and without it the app's own", async () => {
  const exec = reporter('process.execArgv');
  const given = await start({ exec, count: 1, execArgv: ['--no-warnings', '--max-old-space-size=300'] });
  expect(await values(given)).toEqual([['--no-warnings', '--max-old-space-size=300']]);
  const inherited = await start({ exec, count: 1 }, { execArgv: ['--no-deprecation'] });
  expect(await values(inherited)).toEqual([['--no-deprecation']]);
});

test('cwd', async () => {
  const cwd = fs.realpathSync(folder());
  const app = await start({ exec: reporter('process.cwd()'), count: 1, cwd });
  expect(await values(app)).toEqual([cwd]);
});

test('exec relative to cwd', async () => {
  const exec = reporter('__filename');
  const app = await start({ exec: path.basename(exec), cwd: path.dirname(exec), count: 1 });
  expect(await values(app)).toEqual([fs.realpathSync(exec)]);
});

test('titles', async () => {
  const app = await start({ exec: reporter('process.title'), count: 2, alone, title: 'shop' });
  await expect(app.call('title')).resolves.toBe('shop');
  for (const title of await values(app, 2)) expect(title).toContain('shop');
  const commands = app.processes().map(({ command }) => command);
  expect(commands.filter((command) => command.startsWith('shop')).length).toBeGreaterThanOrEqual(3);
  // The system may have no room for all of it.
  expect(commands.filter((command) => 'shop:app'.startsWith(command.trim()))).toHaveLength(1);
});

test.each([
  ['a name of its own stays', "process.title = 'mine';", 'mine mine mine'],
  ['the name is given back', '', 'node shop:app node'],
])('the app: %s', async (_what, begin, told) => {
  const app = script(`
    ${begin}
    const { createCluster } = require(${JSON.stringify(path.join(__dirname, '../../..'))});
    const cluster = createCluster({ exec: ${JSON.stringify(fixture('workers/http.js'))}, count: 1, alone: false, title: 'shop' });
    const titles = [process.title];
    cluster.start().then(() => titles.push(process.title) && cluster.close()).then(() => {
      titles.push(process.title);
      console.log(titles.map((title) => title.replace(process.argv0, 'node')).join(' '));
    });
  `);
  const commandLine = [runtime, app, 'so that there is room for the name'];
  const running = launch({}, { commandLine, env: { NODE_ENV: 'production' } });
  await running.event('output', (line) => line === told);
});

test("the default title is yunfly-<the package's name>", async () => {
  const cwd = folder();
  fs.writeFileSync(path.join(cwd, 'package.json'), '{"name":"my-app"}');
  const app = await start({ count: 1 }, { cwd });
  await expect(app.call('title')).resolves.toBe('yunfly-my-app');
});

test('the children write to the streams of the app, and their stdin is empty', async () => {
  const exec = script(`
    console.log('to stdout');
    console.error('to stderr');
    process.stdin.on('end', () => require('node:http').createServer().listen(0)).resume();
  `);
  const app = await start({ exec, count: 1 });
  await app.event('output', (line) => line === 'to stdout');
  await app.event('output', (line) => line === 'to stderr');
});

test('no child holds a socket that is not its own', async () => {
  const exec = reporter(`require('node:fs').readdirSync('/dev/fd').filter((fd) => {
    try { return require('node:fs').fstatSync(Number(fd)).isSocket(); } catch { return false; }
  }).length`);
  const app = await start({ exec, count: 4, alone });
  // Before it listens a worker has its channel, and stdout and stderr, which are sockets too in this test.
  expect(await values(app, 4)).toEqual([3, 3, 3, 3]);
});
