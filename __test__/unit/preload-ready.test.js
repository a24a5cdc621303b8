'use strict';
// `ready: 'message'`.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

test('who has wrapped process.send() before sees what is sent after it as well', async () => {
  const source = `
    const { send } = process;
    const seen = [];
    process.send = (...args) => {
      seen.push(args[0]);
      return Reflect.apply(send, process, args);
    };
    process.send('ready');
    process.send('later');
    process.send({ seen: [...seen] });`;
  const child = startWorker(path.join(folder({ 'worker.js': source }), 'worker.js'), { boot: { ready: 'message' } });
  const seen = await child.sends('seen');
  expect(seen.slice(0, 2)).toEqual(['ready', 'later']);
});
