'use strict';

// The alone's main script: loads the files of the `alone` option and calls what they export.

const fs = require('fs');
const path = require('path');
const { listAloneFiles } = require('../scripts/alone-files');
const { loadScript } = require('../scripts/load-script');
const { isTypeScript } = require('../scripts/module-type');
const { nextTick } = require('../real-timers');
const alone = require('./alone');

const { path: target, config, isFenced } = alone.boot();

/** The function that a module exports: `module.exports = fn`, `export default fn`, or the latter as compilers write it
 *  in CommonJS, once more wrapped when import() loaded it. In a subfolder, where others may require it, only the latter two are meant so
 *  (yunfly's own calls nothing else). */
function exportedFunction(loaded, isInSubfolder) {
  const candidates = [loaded?.default, loaded?.default?.default];
  return (isInSubfolder ? candidates : [loaded, ...candidates]).find(isTask);
}

function isTask(candidate) {
  return typeof candidate === 'function' && !/^class\b/.test(Function.prototype.toString.call(candidate));
}

/** The file came after the cluster's start, or its loader is one that this package doesn't know. */
function explain(err, file) {
  if (err?.code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !isTypeScript(file)) return err;
  return Object.assign(
    new Error(
      `alone: Node ${process.version} cannot load ${file}: use Node >= 22.18, give a loader in execArgv ` +
        "(such as ['--import', 'tsx']), or point `alone` to the compiled files",
    ),
    { code: err.code },
  );
}

async function main() {
  // Nothing of it runs without a token.
  if (isFenced) await require('./fence').told;
  const isFolder = fs.statSync(target).isDirectory();
  const running = [];
  for (const file of isFolder ? listAloneFiles(target) : [target]) {
    const isInSubfolder = isFolder && path.dirname(file) !== target;
    const loaded = await loadScript(file).catch((err) => {
      throw explain(err, file);
    });
    const exported = exportedFunction(loaded, isInSubfolder);
    // A single script may do its work as it is loaded; a file of the folder itself without a function is a mistake.
    if (exported) running.push(exported(config));
    else if (isFolder && !isInSubfolder) {
      const remedy = 'export a default function (config) => …, or move the file out of the folder';
      throw Object.assign(new TypeError(`alone: ${file} exports no function: ${remedy}`), {
        code: 'ERR_ALONE_INVALID',
      });
    }
  }
  await Promise.all(running);
}

main().then(alone.loaded, (err) => {
  // Out of the promise: an uncaught exception, which Node prints with its code frame and the monitor reports.
  nextTick(() => {
    throw err;
  });
});
