'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { test } = require('../support/at-once');
const { launch, start, fixture, runtime } = require('../support/cluster');
const { folder, script, scripts } = require('../support/files');

const report = JSON.stringify(fixture('report.js'));
const reporting = fixture('alone/reporting.js');

/** The alone answers: it is alive, and has done what it was told before. */
async function answers(app) {
  await app.call('sendmessage', { to: 'alone', action: 'ping' });
  await app.report('aloneMessage', ({ message }) => message.action === 'ping');
}

test('a folder: every script in it, each called with the config', async () => {
  const alone = scripts({
    'one.js': `module.exports = (config) => require(${report})('called', { file: 'one.js', title: config.title });`,
    'two.cjs': `exports.default = (config) => require(${report})('called', { file: 'two.cjs', title: config.title });`,
    'three.mjs': `
      import { createRequire } from 'node:module';
      export default async (config) => createRequire(import.meta.url)(${report})('called', { file: 'three.mjs', title: config.title });`,
    'types.d.ts': 'export {};',
    'readme.md': 'no script',
  });
  const app = await start({ alone, title: 'alone-test', count: 1 });
  const called = await app.reported('called', 3);
  expect(called.map(({ file }) => file).sort()).toEqual(['one.js', 'three.mjs', 'two.cjs']);
  expect(called.map(({ title }) => title)).toEqual(Array(3).fill('alone-test'));
  expect(new Set(called.map(({ pid }) => pid)).size).toBe(1);
});

test('a script, called with aloneConfig', async () => {
  const app = await start({ alone: reporting, aloneConfig: { redis: { port: 6379 } }, count: 1 });
  expect((await app.reported('alone', 1)).map(({ config }) => config)).toEqual([{ redis: { port: 6379 } }]);
});

test('a .ts file beside a preload that may be its loader: what to do, where it is none and Node strips no types', async () => {
  const alone = scripts({
    'typed.ts': `export default function (config: { title: string }): void { console.log('typed', config.title as string); }`,
  });
  const stripsTypes =
    execFileSync(runtime, ['-p', 'Boolean(process.features.typescript)'], { encoding: 'utf8' }).trim() === 'true';
  const execArgv = ['--require', script('')];
  const app = launch({ alone, title: 'ts-test', count: 1, cwd: folder(), execArgv });
  if (stripsTypes) await app.event('output', (line) => line === 'typed ts-test');
  else {
    const [error] = await app.event('rejected');
    expect(error.code).toBe('ERR_START_FAILED');
    expect(error.cause.message).toContain('typed.ts');
    expect(error.cause.message).toContain('execArgv');
  }
});

test.each([
  ['production', ['build/alone', 'dist/alone'], 'build/alone'],
  ['production', ['src/alone', 'dist/alone'], 'dist/alone'],
  ['development', ['src/alone', 'build/alone'], 'src/alone'],
])('not given, in %s with %j: %s', async (mode, present, chosen) => {
  const cwd = folder();
  for (const place of present) {
    fs.mkdirSync(path.join(cwd, place), { recursive: true });
    fs.writeFileSync(
      path.join(cwd, place, 'a.js'),
      `module.exports = () => require(${report})('place', { place: ${JSON.stringify(place)} });`,
    );
  }
  const app = await start({ alone: undefined, mode, count: 1 }, { cwd });
  expect((await app.reported('place', 1)).map(({ place }) => place)).toEqual([chosen]);
});

test('not given and no such folder: no alone', async () => {
  const app = await start({ alone: undefined, count: 1 }, { cwd: folder() });
  await expect(app.call('alone')).resolves.toBeNull();
  expect(app.processes()).toHaveLength(2);
});

test('an alone that dies is started again; the workers serve on', async () => {
  const app = await start({ alone: reporting, count: 1 });
  const { pid } = await app.call('alone');
  process.kill(pid, 'SIGKILL');
  const [, code, signal] = await app.event('aloneExit');
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  await app.event('aloneReady', (alone) => alone.pid !== pid);
  await answers(app);
  expect(app.events('aloneReady')).toHaveLength(2);
  expect(app.events('exit')).toEqual([]);
});

describe('the log says that it is started again', () => {
  test('when it is', async () => {
    const app = await start({ alone: reporting, count: 1 });
    const { pid } = await app.call('alone');
    process.kill(pid, 'SIGKILL');
    await app.event('aloneReady', (alone) => alone.pid !== pid);
    const next = await app.call('alone');
    await app.event(
      'output',
      (line) => /the alone is started again .*\bpid=(\d+)/.exec(line)?.[1] === String(next.pid),
    );
    await app.wrote(new RegExp(`the alone was killed by SIGKILL .*\\bpid=${pid}\\b`));
  });

  test('not when its first start failed', async () => {
    const app = launch({ alone: scripts({ 'failing.js': "throw new Error('no database');" }), count: 1 });
    await app.gone;
    expect(app.output).not.toContain('started again');
  });

  test('not when it ends while the cluster does', async () => {
    const app = await start({ alone: reporting, count: 1, shutdownDelay: 60_000 });
    const { pid } = await app.call('alone');
    const closed = app.call('close');
    // The master answers after it was told.
    await app.call('stats');
    process.kill(pid, 'SIGKILL');
    await app.event('aloneExit');
    await app.call('close', { force: true });
    await closed;
    await app.gone;
    expect(app.output).not.toContain('started again');
  });
});

test('it lives without any work of its own', async () => {
  const alone = scripts({ 'nothing.js': 'module.exports = () => {};' });
  const app = await start({ alone, count: 1 });
  const { pid } = await app.call('alone');
  expect(app.processes().map((each) => each.pid)).toContain(pid);
  await app.call('close');
  expect(app.events('aloneExit').map(([, ...rest]) => rest)).toEqual([[0, null]]);
});
