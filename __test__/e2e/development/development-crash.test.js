'use strict';
// What ends by itself waits for the next save.

const { once } = require('node:events');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { freePort, holdPort } = require('../support/free-port');
const { Project, source, BROKEN, nth, story } = require('../support/development');

const version = async (port) => (await request(port)).body.version;
const THROWS = "throw new TypeError('no database');\n";
const EXITS = 'process.exit(3);\n';

/** How many lines of the output begin with this. */
const linesWith = (app, beginning) => app.output.split('\n').filter((line) => line.startsWith(beginning)).length;

test('a syntax error at the first start: told once with its code frame, the fix makes the cluster ready', async () => {
  const project = new Project({ 'src/app.js': BROKEN });
  const app = project.launch();
  const [error] = await app.event('crash');
  expect(error).toMatchObject({ name: 'ClusterError', code: 'ERR_CRASHED', cause: { name: 'SyntaxError' } });
  expect(error.message).toMatch(/worker of slot 1.*SyntaxError/);
  // Of the process that is still to be ready.
  await app.event('output', (line) => line.includes('It is started again when a file is saved'));
  await app.event('output', (line) => line.startsWith('SyntaxError:'));
  expect(story(app, ['started', 'rejected', 'exception', 'close'])).toEqual([]);
  project.save('src/app.js', source('v1'));
  await app.event('started');
  expect(await version(await app.port())).toBe('v1');
  expect(linesWith(app, 'SyntaxError:')).toBe(1);
  expect(linesWith(app, `${project.file('src/app.js')}:1`)).toBe(1);
  expect(linesWith(app, BROKEN.trim())).toBe(1);
  expect(app.output.match(/It is started again/g)).toHaveLength(1);
  expect(app.events('crash')).toHaveLength(1);
  expect(app.events('fork')).toHaveLength(2);
});

test.each([
  ['a syntax error', BROKEN, { cause: { name: 'SyntaxError' } }],
  ['a throw', THROWS, { cause: { name: 'TypeError', message: 'no database' } }],
  ['an exit', EXITS, { message: expect.stringContaining('exited with code 3 before it was ready') }],
])('%s in a later save: the reload failed; the next save tries again', async (_name, text, expected) => {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = await project.start();
  const port = await app.port();
  project.save('src/app.js', text);
  const [error] = await nth(app, 'crash', 1);
  expect(error).toMatchObject({ code: 'ERR_CRASHED', ...expected });
  const [report] = await nth(app, 'reload', 1);
  expect(report).toMatchObject({ ok: false, error: { code: expect.any(String) } });
  await expect(app.workers()).resolves.toEqual([]);
  project.save('src/app.js', text.replace(';', '; '));
  await nth(app, 'crash', 2);
  await nth(app, 'reload', 2);
  const answer = version(port);
  project.save('src/app.js', source('v2'));
  expect(await answer).toBe('v2');
  await nth(app, 'reload', 3);
  expect(app.events('reload').map(([{ ok }]) => ok)).toEqual([false, false, true]);
  expect(app.events('fork')).toHaveLength(4);
});

test('a crash while it runs: nothing is forked until a save', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  // The request that fails stays open: nobody waits for it.
  const app = await project.start({ killTimeout: 60_000 });
  const port = await app.port();
  await expect(request(port, '/throw')).rejects.toMatchObject({ code: 'ECONNRESET' });
  const [error] = await nth(app, 'crash', 1);
  expect(error).toMatchObject({ code: 'ERR_CRASHED', cause: { message: 'v1 failed' } });
  expect(app.events('unexpectedExit')).toHaveLength(1);
  await expect(app.workers()).resolves.toEqual([]);
  // The same text again is a save, too.
  project.save('src/app.js', source('v1'));
  expect(await version(port)).toBe('v1');
  await nth(app, 'reload', 1);
  await expect(app.workers()).resolves.toMatchObject([{ id: 2 }]);
  expect(app.events('fork')).toHaveLength(2);
  expect(linesWith(app, 'Error: v1 failed')).toBe(1);
});

test('SIGKILL from outside counts as a crash', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = await project.start();
  const [{ pid }] = await app.workers();
  process.kill(pid, 'SIGKILL');
  const [error] = await nth(app, 'crash', 1);
  expect(error.message).toMatch(new RegExp(`pid ${pid}.*SIGKILL`));
  const answer = version(await app.port());
  project.save('src/app.js', source('v2'));
  expect(await answer).toBe('v2');
});

test('reload() starts it as well', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = await project.start();
  const [{ pid }] = await app.workers();
  process.kill(pid, 'SIGKILL');
  await nth(app, 'crash', 1);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  expect(await version(await app.port())).toBe('v1');
});

test('a port that a stranger has: it is named; once it is free a save makes it run', async () => {
  const stranger = await holdPort();
  const { port } = stranger.address();
  const project = new Project({ 'src/app.js': source('v1', { port }) });
  const app = project.launch();
  const [error] = await app.event('crash');
  expect(error).toMatchObject({ code: 'ERR_CRASHED', cause: { code: 'EADDRINUSE' } });
  expect(error.message).toContain('EADDRINUSE');
  expect(error.message).toContain(String(port));
  stranger.close();
  await once(stranger, 'close');
  project.save('src/app.js', source('v1', { port }));
  await app.event('started');
  expect(await version(port)).toBe('v1');
});

test('a later save wants a port that a stranger has: it crashes, and goes on with the next', async () => {
  const stranger = await holdPort();
  const port = await freePort();
  const project = new Project({ 'src/app.js': source('v1', { port }) });
  const app = await project.start();
  project.save('src/app.js', source('v2', { port: stranger.address().port }));
  const [error] = await nth(app, 'crash', 1);
  expect(error.cause).toMatchObject({ code: 'EADDRINUSE' });
  project.save('src/app.js', source('v3', { port }));
  await nth(app, 'reload', 2);
  expect(await version(port)).toBe('v3');
  stranger.close();
});

test('one that does not listen within startTimeout', async () => {
  const idle = 'setInterval(() => {}, 1000);\n';
  const project = new Project({ 'src/app.js': idle });
  const app = project.launch({ startTimeout: 500 });
  const [error] = await app.event('crash');
  expect(error).toMatchObject({
    code: 'ERR_CRASHED',
    message: expect.stringContaining('within 500 ms (startTimeout)'),
  });
  project.save('src/app.js', `process.title = 'mended';\n${idle}`);
  await nth(app, 'crash', 2);
  expect(app.events('fork')).toHaveLength(2);
});

describe('the alone', () => {
  const GOOD = 'module.exports = () => {};\n';

  test('that fails at the first start: no worker yet; the fix makes the cluster ready', async () => {
    const project = new Project({ 'src/app.js': source('v1'), 'src/alone/service.js': THROWS });
    const app = project.launch({ alone: 'src/alone' });
    const [error] = await app.event('crash');
    expect(error).toMatchObject({ code: 'ERR_CRASHED', cause: { name: 'TypeError', message: 'no database' } });
    expect(error.message).toContain('the alone');
    expect(app.events('fork')).toEqual([]);
    await app.event('output', (line) => line.includes('It is started again when a file is saved'));
    expect(app.output).not.toMatch(/is started again(?! when)/);
    project.save('src/alone/service.js', GOOD);
    await app.event('started');
    await app.event('output', (line) => line.includes('the alone is started again '));
    expect(story(app, ['crash', 'aloneReady', 'fork', 'started'])).toEqual(['crash', 'aloneReady', 'fork', 'started']);
    expect(linesWith(app, 'TypeError: no database')).toBe(1);
  });

  test('that fails later: the worker goes on, the next save starts the alone again', async () => {
    const project = new Project({ 'src/app.js': source('v1'), 'src/alone/service.js': GOOD });
    const app = await project.start({ alone: 'src/alone' });
    const [worker] = await app.workers();
    project.save('src/alone/service.js', BROKEN);
    const [error] = await nth(app, 'crash', 1);
    expect(error).toMatchObject({ cause: { name: 'SyntaxError' } });
    expect(error.message).toContain('the alone');
    const [report] = await nth(app, 'reload', 1);
    expect(report.ok).toBe(false);
    expect(await version(await app.port())).toBe('v1');
    project.save('src/alone/service.js', GOOD);
    await nth(app, 'aloneReady', 2);
    await expect(app.workers()).resolves.toMatchObject([{ pid: worker.pid }]);
  });

  test('of which a file is saved: the worker that crashed is started with it', async () => {
    const project = new Project({ 'src/app.js': source('v1'), 'src/alone/service.js': GOOD });
    const app = await project.start({ alone: 'src/alone' });
    process.kill((await app.workers())[0].pid, 'SIGKILL');
    await nth(app, 'crash', 1);
    project.save('src/alone/service.js', GOOD);
    const [report] = await nth(app, 'reload', 1);
    expect(report).toMatchObject({ ok: true, replaced: [{ slot: null }, { slot: 1, oldPid: null }] });
    expect(await version(await app.port())).toBe('v1');
  });

  test('that is killed while it runs is started again at once', async () => {
    const project = new Project({ 'src/app.js': source('v1'), 'src/alone/service.js': GOOD });
    const app = await project.start({ alone: 'src/alone' });
    process.kill((await app.call('alone')).pid, 'SIGKILL');
    await nth(app, 'aloneReady', 2);
    expect(story(app, ['crash', 'change', 'reload'])).toEqual([]);
  });
});

test('crashes and saves in quick succession: the last state runs in the end', async () => {
  const project = new Project({ 'src/app.js': BROKEN });
  const app = project.launch();
  for (let count = 1; count <= 5; count += 1) {
    await nth(app, 'crash', count);
    project.save('src/app.js', count < 5 ? THROWS : source('v1'));
  }
  await app.event('started');
  expect(await version(await app.port())).toBe('v1');
  expect(app.events('crash')).toHaveLength(5);
});
