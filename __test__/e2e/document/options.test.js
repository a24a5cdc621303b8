'use strict';
// Section 4 of yunfly's document (README.md here): the options.

const fs = require('node:fs');
const path = require('node:path');
const { launch, start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { folder, scripts } = require('../support/files');
const { shared } = require('../support/shared');
const { normalize } = require('../../../lib/config');

const report = JSON.stringify(fixture('report.js'));
const describing = (kind) => `
  require(${report})('${kind}', { file: __filename, given: process.env.GIVEN, inherited: process.env.INHERITED });
`;
const NOT_GIVEN = { alone: undefined, count: undefined, mode: undefined };

/** A project with everything that the options name. */
const files = () => {
  const made = scripts({
    'package.json': '{ "name": "shop", "private": true }',
    'app.js': `${describing('worker')} require('${fixture('workers/http.js')}');`,
  });
  fs.mkdirSync(path.join(made, 'work'));
  fs.writeFileSync(path.join(made, 'work/one.js'), `module.exports = () => { ${describing('alone')} };`);
  return made;
};

let cwd;
/** All options given, and in production none but `exec`. */
let given, byDefault;

beforeAll(async () => {
  cwd = fs.realpathSync(await shared(files));
  const config = {
    enable: true,
    exec: './app.js',
    alone: './work',
    count: 2,
    limit: 0.5,
    title: 'store',
    refork: false,
  };
  const env = { INHERITED: 'yes' };
  [given, byDefault] = await shared(() =>
    Promise.all([
      start({ ...config, env: { GIVEN: 'yes' } }, { cwd, env }),
      start({ ...NOT_GIVEN, exec: './app.js' }, { cwd, env: { ...env, NODE_ENV: 'production' } }),
    ]),
  );
});

/** The app refuses this; its error names the option. */
async function refused(config, name) {
  const app = launch(config, { cwd });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining(name) });
  await app.gone;
}

test('4.1 `enable` (boolean): whether the cluster is switched on.', async () => {
  expect(given.processes()).toHaveLength(4);
  await refused({ enable: 'yes' }, 'enable');
  // The document calls it required; here it is `true` if it is left out.
  expect(byDefault.events('fork').length).toBeGreaterThan(0);
});

test('4.2 If it is not switched on, everything stays as it was before.', async () => {
  const exec = `
    const { isPrimary } = require('node:cluster');
    const server = require('node:http').createServer((_request, response) => response.end('by itself'));
    server.listen(0, () => {
      require(${report})('inApp', { isPrimary, port: server.address().port });
      process.once('SIGTERM', () => server.close());
    });`;
  const app = launch(
    { enable: false, exec: path.join(scripts({ 'app.js': exec }), 'app.js'), alone: './work' },
    { cwd },
  );
  const { pid, isPrimary, port } = await app.report('inApp');
  expect([pid, isPrimary]).toEqual([app.pid, true]);
  expect((await request(port)).text).toBe('by itself');
  expect(app.processes()).toHaveLength(1);
});

test('4.3 `exec` (string, required): the path of the script that the cluster runs.', async () => {
  const told = await given.reported('worker', 2);
  expect(told.map(({ file }) => file)).toEqual(Array(2).fill(path.join(cwd, 'app.js')));
  await refused({ exec: undefined }, 'exec');
});

test('4.4 `alone` (string, optional): the path of the scripts of the alone, which starts it.', async () => {
  const told = await given.reported('alone', 1);
  expect(told.map(({ file, pid }) => [file, pid])).toEqual([
    [path.join(cwd, 'work/one.js'), (await given.call('alone')).pid],
  ]);
  await expect(byDefault.call('alone')).resolves.toBeNull();
});

test('4.5 `count` (number, optional): the number of workers; by default 1 in development and 4 in production.', async () => {
  await expect(given.workers()).resolves.toHaveLength(2);
  await expect(byDefault.workers()).resolves.toHaveLength(4);
  const app = await start({ ...NOT_GIVEN, exec: './app.js' }, { cwd, env: { NODE_ENV: 'development' } });
  await expect(app.workers()).resolves.toHaveLength(1);
});

test('4.6 `limit` (number, optional): how long a crashed process is restarted again and again; restarts stop if it has not started by then. In seconds, by default 60.', async () => {
  const LIMIT_S = 0.5;
  const flag = path.join(folder(), 'bad');
  const env = { BAD: 'throws', BAD_FLAG: flag, BAD_INSTANCES: '1' };
  const app = await start({ exec: fixture('workers/turning-bad.js'), env, limit: LIMIT_S, minUptime: 100 });
  const [, victim] = await app.workers();
  fs.writeFileSync(flag, '');
  process.kill(victim.pid, 'SIGKILL');
  await expect(app.event('reachReforkLimit')).resolves.toEqual([victim.slot]);
  expect(app.events('fork').length).toBeGreaterThan(2);
  // The others serve on. Meanwhile the slot is tried once each `limit` (supervision/crash-loop.test.js).
  expect((await request(await app.port())).text).toBe('good');
  expect(normalize({ exec: fixture('app.js'), mode: 'production' }).limit).toBe(60_000);
});

test("4.7 `env` (object, optional): the environment variables that the cluster's processes see; by default `process.env`.", async () => {
  const told = [...(await given.reported('worker', 2)), await given.report('alone')];
  const inherited = await byDefault.reported('worker', 4);
  for (const each of told) expect(each).toMatchObject({ given: 'yes', inherited: 'yes' });
  for (const each of inherited) expect(each).toMatchObject({ inherited: 'yes' });
  expect(inherited.map((each) => each.given)).toEqual(Array(4).fill(undefined));
});

test('4.8 `title` (string, optional): the name of the cluster; by default `yunfly-` and the name in package.json.', async () => {
  await expect(given.call('title')).resolves.toBe('store');
  await expect(byDefault.call('title')).resolves.toBe('yunfly-shop');
  const commands = (app) => app.processes().map(({ command }) => command);
  expect(commands(given)).toEqual(expect.arrayContaining(['store:alone', 'store:worker:1', 'store:worker:2']));
  expect(commands(byDefault)).toContain('yunfly-shop:worker:4');
});

test('4.9 `refork` (boolean, optional): whether a worker that exits abnormally is replaced.', async () => {
  const [replaced] = await byDefault.workers();
  process.kill(replaced.pid, 'SIGKILL');
  await byDefault.event('listening', ({ slot, id }) => slot === replaced.slot && id > replaced.id);

  const [victim, other] = await given.workers();
  process.kill(victim.pid, 'SIGKILL');
  await given.event('unexpectedExit');
  expect((await request(await given.port())).body.pid).toBe(other.pid);
  await given.call('close');
  expect(given.events('fork')).toHaveLength(2);
});
