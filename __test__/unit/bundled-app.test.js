'use strict';
// An app that a bundler has packed this package into, which its children cannot start from.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { build } = require('esbuild');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

test('says what to do', async () => {
  const root = path.join(__dirname, '../..');
  const app = folder({
    'start.js': `
      const { createCluster } = require(${JSON.stringify(root)});
      const told = ({ code, message }) => console.log(code, message);
      Promise.resolve().then(() => createCluster({ exec: __filename, alone: false, mode: 'production' }).start()).catch(told);`,
  });
  const outfile = path.join(app, 'dist/start.js');
  // Only a packed package has it.
  const external = ['./lib/bundle/app.cjs'];
  await build({
    entryPoints: [path.join(app, 'start.js')],
    bundle: true,
    platform: 'node',
    loader: { '.node': 'copy' },
    outfile,
    external,
  });
  expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })).toMatch(
    /^ERR_PACKAGE_BUNDLED .*--external:@yunflyjs\/cluster-native/,
  );
});
