'use strict';
// What a bundle is made of (scripts/bundle.js) is what a start loads: no file less, which would be read by itself, and none more, which would
// be compiled for nothing. The tests run the source; those of `npm run test:packed` run the bundles.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { folder, script } = require('../support/files');
const { isPacked, root } = require('../support/project');
const { runtime } = require('../support/cluster');
const { BUNDLES, OUTSIDE, filesOf, asModules } = require('../../../scripts/bundle');

const lib = path.join(root, 'lib');
const LOADED = `Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(lib + path.sep)}))`;
const names = (files) => files.map((file) => path.relative(lib, file)).sort();

/** What the app has loaded when it is ready, and a worker before its own code. */
function loaded() {
  const told = path.join(folder(), 'told.json');
  const exec = script(`
    require('node:fs').writeFileSync(${JSON.stringify(told)}, JSON.stringify(${LOADED}));
    require('node:http').createServer().listen(0);`);
  const app = script(`
    const { createCluster } = require(${JSON.stringify(root)});
    const cluster = createCluster({ exec: ${JSON.stringify(exec)}, alone: false, count: 1, mode: 'production' });
    cluster.on('ready', () => {
      console.log(JSON.stringify(${LOADED}));
      cluster.close();
    });
    cluster.start();`);
  const output = execFileSync(runtime, [app], { encoding: 'utf8' });
  return { app: names(JSON.parse(output)), preload: names(JSON.parse(fs.readFileSync(told, 'utf8'))) };
}

(isPacked ? test.skip : test)('the files of a start are those of the bundles', () => {
  const { app, preload } = loaded();
  expect(app.filter((name) => !OUTSIDE.includes(name))).toEqual(filesOf(BUNDLES.app));
  expect(preload).toEqual(filesOf(BUNDLES.preload));
});

test('what esbuild writes in another way is not taken for a bundle', () => {
  expect(() => asModules('var require_errors = () => {};', ['errors.js'])).toThrow('of 1 files 0 were found');
});
