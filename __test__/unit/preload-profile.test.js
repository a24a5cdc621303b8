'use strict';
// A profile that fails. Those that succeed: __test__/e2e/cli/profile.test.js.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startServers } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

test('where its file can be neither written nor looked at, the process is free for the next one', async () => {
  const source = `
    const fs = require('node:fs');
    const isGone = () => { throw new Error('ESTALE: stale file handle'); };
    Object.assign(fs, { writeFileSync: isGone, lstatSync: isGone });
    require('node:http').createServer().listen(0);`;
  const files = folder({ 'worker.js': source });
  const child = await startServers(path.join(files, 'worker.js'));
  const fails = (id) => {
    const file = path.join(files, `${id}.json`);
    child.tell('profile', { id, kind: 'report', duration: 0, file, until: null, atEnd: false });
    return child.tells('unprofiled', (told) => told.id === id);
  };
  const failed = { why: 'file', message: expect.stringContaining('could not be written: ESTALE') };
  await expect(fails(1)).resolves.toMatchObject(failed);
  await expect(fails(2)).resolves.toMatchObject(failed);
});
