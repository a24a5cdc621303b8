'use strict';
// `npm pack` and `npm publish` (prepack, postpack): makes of the files that each start loads one for the app and one for the preload, in
// lib/bundle (docs/adr/075). `--remove` takes them away again. They stay files of their own beside it: what is loaded later finds those
// in the bundle under their own names in Node's module cache.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const root = path.join(__dirname, '..');
const lib = path.join(root, 'lib');
const target = path.join(lib, 'bundle');

/** From which a start comes to all that it loads: `entry` is what the bundle gives, `others` are required within functions. */
const BUNDLES = {
  app: {
    entry: 'face.js',
    others: [
      'cluster/cluster.js',
      'cluster/dispatcher.js',
      'cluster/signals.js',
      'native/addon.js',
      'native/control-path.js',
      'native/preload-files.js',
      'native/pump.js',
    ],
  },
  preload: {
    entry: 'preload/index.js',
    others: ['preload/channel.js', 'preload/request.js', 'preload/worker.js', 'real-timers.js'],
  },
};
/** It decides whether a bundle is loaded, before one is. */
const OUTSIDE = ['native/bundled.js'];

const inLib = (file) => path.relative(lib, file);

/** What a file of lib/ requires of lib/ as soon as it is loaded. */
function required(name) {
  const { resolve } = createRequire(path.join(lib, name));
  const text = fs.readFileSync(path.join(lib, name), 'utf8');
  const found = [...text.matchAll(/^(?:const .* = )?require\('(\.[^']+)'\)/gm)];
  return found.map(([, wanted]) => inLib(resolve(wanted))).filter((file) => !OUTSIDE.includes(file));
}

/** The files of a bundle, by their names in lib/. */
function filesOf({ entry, others }) {
  const files = new Set([entry, ...others]);
  for (const file of files) for (const name of required(file)) files.add(name);
  return [...files].sort();
}

/** Each file is a module in Node's cache, whose `exports` are made when they are asked for. What a file requires and is not in the bundle
 *  it requires as that module: as it would by itself. */
const PROLOGUE = `
const $modules = {};
const $lib = __dirname.slice(0, -'bundle'.length);
const $Module = module.constructor;
function $share(name, get) {
  const file = $lib + name;
  const shared = new $Module(file);
  shared.filename = file;
  shared.paths = module.paths;
  shared.loaded = true;
  Object.defineProperty(shared, 'exports', { get });
  require.cache[file] = shared;
  // Node's path.dirname() and join() would take longer than all of the rest.
  $modules[name] = { require: (id) => shared.require(id), __dirname: file.slice(0, file.lastIndexOf('/')) };
}`;

function source({ entry }, files) {
  const shares = files.map((name) => `$share('${name}', () => require('./${name}'));`);
  return `${shares.join('\n')}\nmodule.exports = require('./${entry}');`;
}

/** esbuild makes a function of each file. */
function asModules(text, files) {
  let count = 0;
  const made = text.replace(/^ {2}"lib\/(.+)"\(.*\) \{$/gm, (head, name) => {
    count += 1;
    return `${head}\n    const { require, __dirname } = $modules["${name}"];`;
  });
  if (count !== files.length) throw new Error(`of ${files.length} files ${count} were found in what esbuild has made`);
  return made;
}

/** Of what is required only these files come into the bundle. */
function onlyThese(files) {
  return {
    name: 'only these',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path: wanted, resolveDir }) => {
        const file = path.resolve(resolveDir, wanted);
        const found = [file, `${file}.js`, path.join(file, 'index.js')].find((each) => files.includes(inLib(each)));
        return found ? { path: found } : { path: wanted, external: true };
      });
    },
  };
}

async function bundle(name) {
  const { build } = require('esbuild');
  const files = filesOf(BUNDLES[name]);
  const { outputFiles } = await build({
    stdin: { contents: source(BUNDLES[name], files), resolveDir: lib },
    write: false,
    plugins: [onlyThese(files)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node18',
    // Names, lines and the files' own names stay: stacks are read.
    minify: false,
  });
  fs.writeFileSync(path.join(target, `${name}.cjs`), asModules(PROLOGUE + outputFiles[0].text, files));
}

/** What `npm pack` would leave out without a word: the package would neither load nor build itself. A release has its bindings in packages of
 *  their own. */
function checkBuilt() {
  const { optionalDependencies } = require('../package.json');
  const found = fs.readdirSync(root);
  const missing = ['native.js', 'page.html.gz', 'node_modules'].filter((name) => !found.includes(name));
  const isBinding = (name) => /^cluster-native\.(?!fleet).*\.node$/.test(name);
  if (!optionalDependencies && !found.some(isBinding)) missing.push('cluster-native.*.node');
  if (missing.length > 0)
    throw new Error(`${missing.join(', ')}: not there. Build the package first: npm ci && npm run build`);
}

async function main() {
  fs.rmSync(target, { recursive: true, force: true });
  if (process.argv.includes('--remove')) return;
  checkBuilt();
  fs.mkdirSync(target);
  await Promise.all(Object.keys(BUNDLES).map(bundle));
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

module.exports = { BUNDLES, OUTSIDE, filesOf, asModules };
