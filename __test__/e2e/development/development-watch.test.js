'use strict';
// Which changes count.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { Project, source, BROKEN, nth } = require('../support/development');
const { folder } = require('../support/files');
const { until } = require('../support/until');

const app1 = { 'src/app.js': source('v1') };

/** Saves what is not to count, then what is: the only reload, the only file. `counts`: a name. */
async function onlyCounts(app, project, ignored, counts) {
  for (const name of ignored) project.save(name, 'changed\n');
  project.save(counts, source('v2'));
  await nth(app, 'reload', 1);
  expect(app.events('change')).toEqual([[[project.file(counts)]]]);
  expect(app.events('fork')).toHaveLength(2);
}

test('what git ignores, node_modules, hidden files and those of editors do not', async () => {
  const project = new Project({
    ...app1,
    '.git/HEAD': 'ref: refs/heads/main\n',
    '.gitignore': '*.out\n/src/generated/\n!src/kept.out\n',
    'src/.gitignore': 'local.js\n',
    'src/generated/a.js': '',
    'src/node_modules/package/index.js': '',
    'src/local.js': '',
  });
  const app = await project.start();
  const ignored = [
    'app.log',
    'data.sqlite',
    'app.out',
    'generated/a.js',
    'generated/new/b.js',
    'node_modules/package/index.js',
    'local.js',
    '.hidden',
    'app.js~',
    '.app.js.swp',
  ];
  await onlyCounts(
    app,
    project,
    ignored.map((name) => `src/${name}`),
    'src/app.js',
  );
  project.save('src/kept.out', 'changed\n');
  const [files] = await nth(app, 'change', 2);
  expect(files).toEqual([project.file('src/kept.out')]);
});

test('where the app prints to does not: each start would be the reason for the next one', async () => {
  const printing = (version) => `console.log('started');\n${source(version)}`;
  const project = new Project({ 'app.js': printing('v1'), 'printed.txt': '' });
  const command = ['/bin/sh', '-c', `exec "$@" >> '${project.file('printed.txt')}'`, 'sh'];
  const app = await project.start({ exec: 'app.js' }, { command });
  project.save('app.js', printing('v2'));
  await nth(app, 'reload', 1);
  // Later than what was printed.
  project.save('app.js', printing('v3'));
  await nth(app, 'reload', 2);
  expect(app.events('change')).toEqual(Array(2).fill([[project.file('app.js')]]));
  expect(project.read('printed.txt').match(/started/g)).toHaveLength(3);
});

test('.gitignore without a repository; its change counts from then on', async () => {
  const project = new Project({ ...app1, '.gitignore': '*.txt\n', 'src/notes.txt': '', 'src/data.csv': '' });
  const app = await project.start();
  await onlyCounts(app, project, ['src/notes.txt'], 'src/app.js');
  project.save('src/.gitignore', '*.csv\n!notes.txt\n');
  project.save('src/data.csv', 'changed\n');
  project.save('src/notes.txt', 'changed\n');
  const [files] = await nth(app, 'change', 2);
  expect(files).toEqual([project.file('src/notes.txt')]);
});

test('by default `src`, where there is one, and the script', async () => {
  const project = new Project({ 'app.js': source('v1'), 'other.js': '', 'src/part.js': '' });
  const app = await project.start({ exec: 'app.js' });
  await onlyCounts(app, project, ['other.js', 'lib/new.js'], 'app.js');
  project.save('src/part.js', 'changed\n');
  const [files] = await nth(app, 'change', 2);
  expect(files).toEqual([project.file('src/part.js')]);
});

test('without `src` the folder of the script', async () => {
  const project = new Project({ 'server/app.js': source('v1'), 'other.js': '' });
  const app = await project.start({ exec: 'server/app.js' });
  await onlyCounts(app, project, ['other.js'], 'server/part.js');
});

test('a list of files and folders, and always the script', async () => {
  const project = new Project({
    ...app1,
    'src/part.js': '',
    'views/deep/page.html': '',
    'settings.json': '{}',
    'other.json': '{}',
    '.env': '',
  });
  const app = await project.start({ watch: ['views', 'settings.json', '.env'] });
  const counting = ['views/deep/page.html', 'settings.json', '.env', 'src/app.js'];
  for (const [index, name] of counting.entries()) {
    for (const other of ['src/part.js', 'other.json']) project.save(other, `${index}\n`);
    project.save(name, source(`v${index}`));
    await nth(app, 'reload', index + 1);
  }
  expect(app.events('change')).toEqual(counting.map((name) => [[project.file(name)]]));
});

test('one path; a folder that git ignores, if it is asked for', async () => {
  const project = new Project({ ...app1, '.gitignore': 'build/\n', 'build/part.js': '' });
  const app = await project.start({ watch: 'build' });
  await onlyCounts(app, project, [], 'build/part.js');
});

test('false: none does', async () => {
  const project = new Project(app1);
  const app = await project.start({ watch: false, reloadDelay: 1 });
  project.save('src/app.js', source('v2'));
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  expect((await request(await app.port())).body.version).toBe('v2');
  expect(app.events('reload')).toHaveLength(1);
  expect(app.events('change')).toEqual([]);
  expect(app.events('fork')).toHaveLength(2);
});

test('false: a process that fails at the start fails it', async () => {
  const project = new Project({ 'src/app.js': BROKEN });
  const app = project.launch({ watch: false });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_START_FAILED', cause: { name: 'SyntaxError' } });
  expect(app.events('crash')).toEqual([]);
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
});

test.each([
  ['a path that there is not', ['src', 'none'], /`watch`.*none/s],
  ['a number', 5, /`watch`/],
  ['a list with a number', ['src', 5], /`watch`/],
])('%s: an error that names the option', async (_name, watch, message) => {
  const app = new Project(app1).launch({ watch });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  expect(error.message).toMatch(message);
});

test.each([
  ['watch', { mode: 'production', watch: true, count: 1 }],
  ['refork', { refork: true }],
])('%s where it has no effect: a warning', async (field, config) => {
  const project = new Project(app1);
  const app = await project.start(config);
  const [warning] = await app.event('warning');
  expect(warning).toMatchObject({ code: 'CLUSTER_OPTION_IGNORED' });
  expect(warning.message).toContain(field);
});

test('in production no save counts', async () => {
  const project = new Project(app1);
  const app = await project.start({ mode: 'production', count: 1, reloadDelay: undefined });
  project.save('src/app.js', source('v2'));
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  expect(app.events('change')).toEqual([]);
  expect(app.events('fork')).toHaveLength(2);
});

test('a `cwd` that is a link: what changed is told by it', async () => {
  const project = new Project(app1);
  const link = path.join(folder(), 'link');
  fs.symlinkSync(project.cwd, link);
  const app = await project.start({ cwd: link });
  project.save('src/app.js', source('v2'));
  await nth(app, 'reload', 1);
  expect(app.events('change')).toEqual([[[path.join(link, 'src/app.js')]]]);
  expect((await request(await app.port())).body.version).toBe('v2');
});

test('the watched folder goes as a whole, and comes back', async () => {
  const project = new Project(app1);
  const app = await project.start();
  const port = await app.port();
  fs.renameSync(project.file('src'), project.file('away'));
  await nth(app, 'crash', 1);
  project.save('away/app.js', source('v2'));
  fs.renameSync(project.file('away'), project.file('src'));
  expect((await request(port)).body.version).toBe('v2');
  const before = app.events('reload').length;
  project.save('src/app.js', source('v3'));
  await nth(app, 'reload', before + 1);
  expect((await request(port)).body.version).toBe('v3');
});

test.each([
  ['watch so many folders', 'max_inotify_watches', 2],
  ['watch anything', 'max_inotify_instances', 0],
])('where the system does not let it %s, files are looked at from time to time', async (_what, name, limit) => {
  const project = new Project({ ...app1, 'src/a/one.js': '', 'src/b/two.js': '', 'src/c/three.js': '' });
  // The limit of a user namespace is its own.
  const limited = `echo ${limit} > /proc/sys/user/${name} && exec "$@"`;
  const command = ['unshare', '--user', '--map-root-user', '/bin/sh', '-c', limited, 'sh'];
  const app = await project.start({}, { command, env: { YUNFLY_LOG: 'debug' } });
  await app.event('output', (line) => line.includes('files are watched'));
  await app.wrote(/looked at once a second.*fs\.inotify\./);
  project.save('src/c/three.js', 'changed\n');
  await nth(app, 'reload', 1);
  // Probably in the second of the one before.
  for (const version of ['v2', 'v3']) {
    project.save('src/app.js', source(version));
    await until(async () => (await request(await app.port())).body?.version === version);
  }
});
