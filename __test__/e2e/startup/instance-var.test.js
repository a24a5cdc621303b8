'use strict';
// In which variable a worker finds its number.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start, fixture, runtime } = require('../support/cluster');
const { folder, script } = require('../support/files');

const report = JSON.stringify(fixture('report.js'));
const listen = "require('node:http').createServer().listen(0);";
const names = ['NODE_APP_INSTANCE', 'INDEX', 'YUNFLY_CLUSTER_SLOT'];
const numbered = () =>
  script(`
  const { env, title } = process;
  require(${report})('value', { value: [title, ...${JSON.stringify(names)}.map((name) => env[name] ?? null)] }); ${listen}`);

const values = async (app, count = 2) => (await app.reported('value', count)).map(({ value }) => value).sort();
/** As under PM2. */
const inherited = { env: { NODE_APP_INSTANCE: '7', INDEX: '7' } };

test.each([
  [
    'by default NODE_APP_INSTANCE',
    {},
    [
      ['0', '7'],
      ['1', '7'],
    ],
  ],
  [
    'another name',
    { instanceVar: 'INDEX' },
    [
      [null, '0'],
      [null, '1'],
    ],
  ],
  [
    'false: none',
    { instanceVar: false },
    [
      [null, '7'],
      [null, '7'],
    ],
  ],
  [
    '`env` removes it',
    { env: { NODE_APP_INSTANCE: null } },
    [
      [null, '7'],
      [null, '7'],
    ],
  ],
  [
    '`env` has a value of its own',
    { env: { NODE_APP_INSTANCE: 'web' } },
    [
      ['web', '7'],
      ['web', '7'],
    ],
  ],
  [
    '`env` removes the other name',
    { instanceVar: 'INDEX', env: { INDEX: null } },
    [
      [null, null],
      [null, null],
    ],
  ],
])('%s', async (_name, config, expected) => {
  const app = await start({ exec: numbered(), count: 2, title: 'numbered', ...config }, inherited);
  expect(await values(app)).toEqual(expected.map((found, i) => [`numbered:worker:${i + 1}`, ...found, null]));
});

test.each([
  ['by another name', { instanceVar: 'INDEX' }, [null, '0']],
  ['not at all', { instanceVar: false }, [null, null]],
])('one that stood by has it when it has a slot: %s', async (_name, config, expected) => {
  const standing = script(`
    require('node:http').createServer().listen(0, () => setImmediate(() => {
      const { env, title } = process;
      require(${report})('numbered', { pid: process.pid, value: [title, ...${JSON.stringify(names.slice(0, 2))}.map((name) => env[name] ?? null)] });
    }));`);
  const app = await start({ exec: standing, count: 1, standby: 1, title: 'numbered', ...config });
  await app.event('standby');
  const [{ pid }] = await app.workers();
  process.kill(pid, 'SIGKILL');
  const numbered = await app.report('numbered', (told) => told.pid !== pid);
  expect(numbered.value).toEqual(['numbered:worker:1', ...expected]);
});

// What `config` needs.
const [major, minor] = process.versions.node.split('.').map(Number);
const describeConfig =
  runtime === process.execPath && (major > 20 || (major === 20 && minor >= 11)) ? describe : describe.skip;

describeConfig("npm's `config` in strict mode", () => {
  const strict = (config) => {
    const cwd = folder();
    fs.mkdirSync(path.join(cwd, 'config'));
    for (const name of ['default', 'production'])
      fs.writeFileSync(path.join(cwd, 'config', `${name}.json`), JSON.stringify({ name }));
    fs.writeFileSync(
      path.join(cwd, 'app.js'),
      `
      const config = require(${JSON.stringify(require.resolve('config'))});
      require(${report})('value', { value: [config.get('name'), process.env.NODE_APP_INSTANCE ?? null, process.env.INDEX ?? null] }); ${listen}`,
    );
    const env = { NODE_CONFIG_STRICT_MODE: '1', NODE_ENV: 'production', ...config.env };
    return launch({ exec: 'app.js', cwd, count: 2, ...config, env });
  };

  test('starts: by default there is no number there', async () => {
    expect(await values(strict({}))).toEqual([
      ['production', null, null],
      ['production', null, null],
    ]);
  });

  test('by a name of its own there is', async () => {
    expect(await values(strict({ instanceVar: 'INDEX' }))).toEqual([
      ['production', null, '0'],
      ['production', null, '1'],
    ]);
  });

  test('NODE_APP_INSTANCE is set where it is asked for, and `config` refuses it', async () => {
    const app = strict({ instanceVar: 'NODE_APP_INSTANCE' });
    const [error] = await app.event('rejected');
    expect(error.message).toMatch(/NODE_APP_INSTANCE value of '[01]' did not match any instance config file names/);
  });
});
