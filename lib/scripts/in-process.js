'use strict';

const { loadScript } = require('./load-script');

/** `enable: false`: the app's script runs in this process, as if there were no cluster. `loader`: what is to be loaded before
 *  TypeScript. Its `loader` (before Node 18.19 and 20.6) is for a command line only. */
async function loadInProcess(script, loader = { require: [], import: [] }) {
  loader.require.forEach((module) => require(module));
  for (const module of loader.import) await import(module);
  await loadScript(script);
}

module.exports = { loadInProcess };
