'use strict';

// How Node loads TypeScript scripts: by itself (it strips types), by a loader that the children's flags have already, or by
// one that the project has. Tried on Node 18 to 26, with CommonJS, ES modules, .mts and .cts (__test__/e2e/startup/typescript.test.js):
//
// - tsx by --import does all of them. By --require alone it does no ES module before Node 22.
// - ts-node needs both its hooks: the one of require() knows no ES module, the ES one no CommonJS. Without type checks: they
//   take seconds in each process, and refuse what the others run.
// - @swc-node's ES hook breaks the named imports of CommonJS files, so a worker in CommonJS must not have it. The alone has
//   both hooks, if one of its files is an ES module: its CommonJS files are loaded by require(), which the ES hook doesn't see
//   (before Node 18.19 it does: there the alone's files must be of one kind).

const fs = require('fs');
const { createRequire } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');
const { isTypeScript, isModule } = require('../scripts/module-type');
const { invalid } = require('./check');
const { stripsTypes, hasLoader, hasPreload, canRegister } = require('./flags');

const NONE = { require: [], import: [], loader: [] };

/** In the order in which they are looked for. `resolve` throws where the package isn't there. */
const LOADERS = [
  (resolve) => {
    const hook = url(resolve('tsx'));
    if (canRegister()) return { ...NONE, import: [hook] };
    return { ...NONE, require: [resolve('tsx/preflight')], loader: [hook] };
  },
  (resolve, isAnyModule) => {
    const main = resolve('@swc-node/register');
    if (!isAnyModule) return { ...NONE, require: [main] };
    // Its `exports` name them for import only.
    const hook = (name) => url(path.join(path.dirname(main), 'esm', name));
    if (canRegister()) return { ...NONE, require: [main], import: [hook('esm-register.mjs')] };
    return { ...NONE, require: [main], loader: [hook('esm.mjs')] };
  },
  (resolve) => {
    const hook = url(resolve('ts-node/esm/transpile-only'));
    const found = { ...NONE, require: [resolve('ts-node/register/transpile-only')] };
    if (!canRegister()) return { ...found, loader: [hook] };
    // --loader does it, too, but with a warning in each process.
    const code = `import { register } from 'node:module'; register(${JSON.stringify(hook)});`;
    return { ...found, import: [`data:text/javascript,${encodeURIComponent(code)}`] };
  },
];

function url(file) {
  return pathToFileURL(file).href;
}

/** `files`: what `field` of the configuration stands for, `options`: the children's { execArgv, nodeOptions }. Gives
 *  `{ require, import, loader }`: what is to be loaded first, by these flags of Node's; undefined if nothing is. */
function findLoader({ field, value, files, options, cwd }) {
  const sources = files.filter(isTypeScript);
  if (sources.length === 0 || hasLoader(options)) return undefined;
  // Node doesn't strip JSX.
  if (stripsTypes(options) && !sources.some((file) => file.endsWith('.tsx'))) return undefined;
  const folders = [cwd, path.dirname(sources[0])];
  const found = installed(folders, sources.some(isModule));
  // A preload of the project's own may be a loader, too.
  if (found || hasPreload(options)) return found;
  const remedy =
    `Install tsx, @swc-node/register or ts-node in the project (looked for from ${cwd}), give a loader in \`execArgv\`, ` +
    `use Node 22.18 or later (not for .tsx), or point \`${field}\` to the compiled JavaScript.`;
  throw invalid(
    field,
    value ?? sources[0],
    `something that Node ${process.version} can load, not TypeScript alone`,
    remedy,
  );
}

function installed(folders, isAnyModule) {
  const { resolve } = createRequire(path.join(folders[0], 'package.json'));
  const from = (name) => asNamed(folders[0], resolve(name, { paths: folders }));
  for (const find of LOADERS) {
    try {
      return find(from, isAnyModule);
    } catch (err) {
      // ERR_PACKAGE_PATH_NOT_EXPORTED: of a version that has no such part.
      if (err.code !== 'MODULE_NOT_FOUND' && err.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw err;
    }
  }
  return undefined;
}

/** Node follows links. If one leads to `folder`, which names it, it may lead to another release later: `file` is to be in that. */
function asNamed(folder, file) {
  const rest = path.relative(fs.realpathSync(folder), file);
  return rest.startsWith('..') ? file : path.join(folder, rest);
}

module.exports = { findLoader };
