'use strict';

const path = require('node:path');

/** Which bundles this process has, and which files it has loaded by themselves although they are in one: what a bundle has puts a getter
 *  in the place of `exports`. */
function loadedTwice(lib) {
  const found = Object.keys(require.cache).filter((file) => file.startsWith(lib + path.sep));
  const bundle = found.filter((file) => path.dirname(file) === path.join(lib, 'bundle'));
  const isShared = (file) => Object.getOwnPropertyDescriptor(require.cache[file], 'exports').get !== undefined;
  const bundled = found.filter(isShared);
  const twice = bundle.flatMap((file) => namesIn(file)).filter((name) => !bundled.includes(path.join(lib, name)));
  return { bundle: bundle.map((file) => path.basename(file)), twice };
}

/** As esbuild names them. */
function namesIn(bundle) {
  const text = require('node:fs').readFileSync(bundle, 'utf8');
  return [...text.matchAll(/^\/\/ lib\/(.*)$/gm)].map(([, name]) => name);
}

if (require.main === module) {
  const lib = path.join(path.dirname(require.resolve('@yunflyjs/cluster-native')), 'lib');
  process.send({ to: 'app', worker: loadedTwice(lib) });
  require('node:http').createServer().listen(0);
}

module.exports = { loadedTwice };
