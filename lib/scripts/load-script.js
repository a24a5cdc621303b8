'use strict';

// Loads a script that runs in this process: of the alone, or `exec` with `enable: false`.

const path = require('path');
const { pathToFileURL } = require('url');
const { isTypeScript, isModule } = require('./module-type');

/** Where nothing hooks require() it reads TypeScript as JavaScript and reports a misleading SyntaxError; import() says
 *  ERR_UNKNOWN_FILE_EXTENSION, or strips types where Node does. A hook for .ts does .cts as well (through that of .js). */
function canRequire(file) {
  return !isTypeScript(file) || Boolean(require.extensions[path.extname(file)] ?? require.extensions['.ts']);
}

/** Resolves with its exports, or with its namespace. */
async function loadScript(file) {
  // Not by require() first: a loader that compiles to CommonJS fails at a top-level await with an error of its own.
  if (isModule(file) || !canRequire(file)) return import(pathToFileURL(file));
  try {
    return require(file);
  } catch (err) {
    // ES syntax where neither the name nor a package.json says so (Node >= 22.7), with a top-level await.
    if (err?.code === 'ERR_REQUIRE_ESM' || err?.code === 'ERR_REQUIRE_ASYNC_MODULE') return import(pathToFileURL(file));
    throw err;
  }
}

module.exports = { loadScript };
