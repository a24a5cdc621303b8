'use strict';
// What the command tells of saves and crashes.

const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, runtime } = require('../support/cluster');
const { request } = require('../support/client');
const { Project, source, BROKEN } = require('../support/development');

const command = path.join(__dirname, '../../../bin/cluster-native.js');

function start(project) {
  const args = ['--dev', '--title', 'shop', '--reload-delay', '50', 'src/app.js'];
  const env = { NODE_ENV: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, CI: undefined };
  // One pipe for both: the order of their lines is part of what is tested.
  const commandLine = ['sh', '-c', 'exec "$@" 2>&1', 'sh', runtime, command, ...args];
  return launch({}, { commandLine, env, cwd: project.cwd });
}

/** Its own lines without the table, pids as letters in the order of their coming. */
function told(app) {
  const letters = new Map();
  const letter = (pid) => letters.get(pid) ?? letters.set(pid, String.fromCharCode(97 + letters.size)).get(pid);
  const own = app.output.split('\n').filter((line) => line.startsWith('shop: '));
  return own.map((line) =>
    line
      .replace(/in \d+ ms|in [\d.]+ s/, 'in …')
      .replace(/\(pid (\d+)\)/, (_all, pid) => `(${letter(pid)})`)
      .replace(/(\d+) → (\d+)/, (_all, from, to) => `${letter(from)} → ${letter(to)}`)
      .replace(/- → (\d+)/, (_all, to) => `- → ${letter(to)}`),
  );
}

/** Resolves when a line fits that came after the `count`th one. */
async function line(app, fits, count = 1) {
  const isThere = () => app.output.split('\n').filter((text) => fits.test(text)).length >= count;
  await app.event('output', isThere);
}

test('a save, an error, a save: each is told once', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = start(project);
  await line(app, /└/);
  const [, port] = /listens on +http:\/\/localhost:(\d+)\//.exec(app.output);
  project.save('src/app.js', source('v2'));
  await line(app, /^shop: reloaded/, 1);
  project.save('src/app.js', BROKEN);
  await line(app, /It is started again when a file is saved/);
  project.save('src/app.js', source('v3'));
  await line(app, /^shop: reloaded/, 2);
  expect((await request(port)).body.version).toBe('v3');
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(told(app)).toEqual([
    'shop: reloaded in … (src/app.js)',
    expect.stringMatching(
      /^shop: the worker of slot 1 \(a\) exited with code 1 before it was ready: SyntaxError: .* It is started again when a file is saved\.$/,
    ),
    'shop: reloaded in … (src/app.js)',
    'shop: SIGTERM: workers finish their work; a second SIGTERM kills everything at once',
    'shop: stopped',
  ]);
  // Node's own code frame is there, once.
  expect(app.output.match(/^SyntaxError: /gm)).toHaveLength(1);
  expect(app.output.split('\n').filter((text) => text === BROKEN.trim())).toHaveLength(1);
});

test('an error at the first start: it waits, and tells that it is ready after the fix', async () => {
  const project = new Project({ 'src/app.js': "throw new TypeError('no database');\n" });
  const app = start(project);
  await line(app, /It is started again when a file is saved/);
  expect(app.output).not.toMatch(/shop is ready|└/);
  project.save('src/app.js', source('v1'));
  await line(app, /└/);
  const [, port] = /listens on +http:\/\/localhost:(\d+)\//.exec(app.output);
  expect((await request(port)).body.version).toBe('v1');
  expect(app.output.match(/^TypeError: no database/gm)).toHaveLength(1);
  expect(app.output.match(/before it was ready: TypeError: no database/g)).toHaveLength(1);
  expect(app.output).not.toMatch(/given up/);
});

test('a signal while nothing runs: nothing is waited for', async () => {
  const project = new Project({ 'src/app.js': BROKEN });
  const app = start(project);
  await line(app, /It is started again when a file is saved/);
  app.kill('SIGINT');
  await app.gone;
  expect(told(app)).toContain('shop: SIGINT: no process is running, the cluster stops');
  expect(app.output).not.toContain('workers finish');
});

test('a signal while a restart is under way: no reload is told of', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = start(project);
  await line(app, /└/);
  project.save('src/app.js', "setInterval(() => console.log('never listens'), 100);\n");
  await line(app, /^never listens$/);
  app.kill('SIGINT');
  await app.gone;
  expect(told(app)).toContain('shop: SIGINT: workers finish their work; a second SIGINT kills everything at once');
  expect(app.output).not.toMatch(/given up|reload\(\)/);
});
