'use strict';
// The alone: how its files are loaded, and that nothing but the master or the app's end ends it.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startAlone } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const called = (name) => `(config) => process.send({ called: ${JSON.stringify(name)}, config })`;
const order = (child) => child.messages.map((message) => message.called);

describe('loading', () => {
  test('a folder: its files by name, with subfolders, however they export; nothing else of it', async () => {
    const child = startAlone(
      folder({
        'a.js': `module.exports = ${called('a')};`,
        'b.cjs': `exports.default = ${called('b')};`,
        'c.mjs': `export default ${called('c')};`,
        'd.mjs': `await null; export default ${called('d')};`,
        'types.d.ts': 'export {}',
        '.hidden.js': 'throw 1',
        'data.json': '{}',
        'inner/e.js': `exports.default = ${called('e')};`,
        'inner/f.mjs': `export default ${called('f')};`,
        'inner/connect.js': `module.exports = ${called('a helper')};`,
        'inner/queue.js': 'exports.default = class Queue {};',
      }),
      { given: [1] },
    );
    await child.tells('loaded');
    expect(order(child)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(child.messages.map(({ config }) => config)).toEqual(Array(6).fill({ given: [1] }));
  });

  test('ES modules in .js files', async () => {
    const child = startAlone(folder({ 'package.json': '{"type":"module"}', 'a.js': `export default ${called('a')};` }));
    await child.tells('loaded');
    expect(order(child)).toEqual(['a']);
  });

  test('a script, with or without a function', async () => {
    const root = folder({
      'with.js': `module.exports = ${called('with')};`,
      'without.js': `process.send({ called: 'without' });`,
    });
    for (const name of ['with', 'without']) {
      const child = startAlone(path.join(root, `${name}.js`));
      await child.tells('loaded');
      expect(order(child)).toEqual([name]);
    }
  });

  test('loaded only when what the functions returned has resolved', async () => {
    const child = startAlone(
      folder({
        'a.js': `module.exports = () => new Promise((resolve) => setTimeout(() => process.send({ called: 'late' }, resolve), 200));`,
      }),
    );
    await child.tells('loaded');
    expect(order(child)).toEqual(['late']);
  });

  test.each([
    ['a file that throws', { 'a.js': `throw new RangeError('broken');` }, 'broken'],
    ['a module that throws', { 'a.mjs': `throw new RangeError('broken');` }, 'broken'],
    ['a syntax error', { 'a.js': 'const a = ;' }, "Unexpected token ';'"],
    ['a function that throws', { 'a.js': `module.exports = () => { throw new RangeError('broken'); };` }, 'broken'],
    [
      'a promise that rejects',
      { 'a.js': `module.exports = async () => { throw new RangeError('broken'); };` },
      'broken',
    ],
    [
      'a file without a function',
      { 'good.js': 'module.exports = () => {};', 'table.js': 'module.exports = {};' },
      /table\.js exports no function/,
    ],
  ])('%s ends it, and is told', async (_what, files, message) => {
    const child = startAlone(folder(files));
    await expect(child.ended).resolves.toEqual({ code: 1, signal: null });
    expect(child.told).toEqual([{ act: 'error', phase: 'boot', fatal: true, error: expect.any(Object) }]);
    expect(child.told[0].error.message).toMatch(message);
    expect(child.stderr).toMatch(message);
  });
});

describe('when it is loaded', () => {
  const file = folder({
    'alone.js': `
      process.on('message', (order) => {
        if (order === 'throw') setImmediate(() => { throw new RangeError('not caught'); });
        if (order === 'reject') Promise.reject(new RangeError('not caught'));
        if (order === 'listen') require('http').createServer().listen(0, () => process.send({ listening: true }));
        process.send({ received: order });
      });
      process.on('yunfly:drain', ({ reason, waitUntil }) => {
        waitUntil(new Promise((resolve) => setTimeout(() => { if (process.connected) process.send({ saved: reason }); resolve(); }, 100)));
      });`,
  });

  async function start() {
    const child = startAlone(path.join(file, 'alone.js'));
    await child.tells('loaded');
    return child;
  }

  test.each([
    ['throw', 'uncaught exception'],
    ['reject', 'unhandled rejection'],
  ])('%s: printed, told, survived', async (order, title) => {
    const child = await start();
    child.send(order);
    const { phase, fatal, error } = await child.tells('error');
    expect({ phase, fatal }).toEqual({ phase: 'run', fatal: false });
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'not caught',
      stack: expect.stringContaining('alone.js'),
    });
    child.messages.length = 0;
    child.send('still there');
    expect(await child.sends('received')).toBe('still there');
    child.drain();
    await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
    expect(child.stderr).toMatch(new RegExp(`^unit:alone \\(pid \\d+\\): ${title}\\nRangeError: not caught\\n`));
  });

  test('SIGTERM is ignored', async () => {
    const child = await start();
    child.kill('SIGTERM');
    child.send('after the signal');
    expect(await child.sends('received')).toBe('after the signal');
  });

  test('asked to end: it waits for waitUntil(), closes its servers, exits with 0', async () => {
    const child = await start();
    child.send('listen');
    await child.sends('listening');
    child.drain({ reason: 'shutdown' });
    expect(await child.sends('saved')).toBe('shutdown');
    await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
    expect(child.acts).toEqual(['loaded', 'drained']);
  });

  test('the app is gone: it ends the same way', async () => {
    const child = await start();
    child.disconnect();
    await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  });
});

test('nothing to do is no reason to end', async () => {
  const child = startAlone(folder({ 'a.js': 'module.exports = () => {};' }));
  await child.tells('loaded');
  child.drain();
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  expect(child.acts).toEqual(['loaded', 'drained']);
});
