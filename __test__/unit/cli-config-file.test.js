'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { readConfig } = require('../../lib/cli/config-file');

let folder;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-config-file-'));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

function read(text) {
  const configFile = path.join(folder, 'cluster.json');
  fs.writeFileSync(configFile, text);
  return readConfig({ config: {}, nodeFlags: [], configFile });
}

test.each([
  ['JSON', '{ "exec": "app.js", "count": 2 }'],
  ['with comments', '// ours\n{ "exec": "app.js", /* two */ "count": 2 } // the end'],
  ['with commas too many', '{ "exec": "app.js", "count": 2, }'],
])('a .json file, %s', async (_what, text) => {
  await expect(read(text)).resolves.toEqual({ config: { exec: 'app.js', count: 2 } });
});

test('an ecosystem file with a comment', async () => {
  const app = { name: 'shop', script: __filename };
  const { config } = await read(`{ // PM2\n "apps": [${JSON.stringify(app)},] }`);
  expect(config).toMatchObject({ exec: __filename, title: 'shop' });
});

test('one that is no JavaScript either is refused by its name', async () => {
  await expect(read('{ "exec": ')).rejects.toThrow(/cluster\.json could not be loaded: Unexpected token/);
});
