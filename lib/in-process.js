'use strict';

const { pathToFileURL } = require('url');

/** `enable: false`: the app's script runs in this process, as if there were no cluster. */
async function loadInProcess(script) {
  try {
    require(script);
  } catch (err) {
    // An ES module on Node < 22.12, or one with a top-level await.
    if (err?.code !== 'ERR_REQUIRE_ESM' && err?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw err;
    await import(pathToFileURL(script));
  }
}

module.exports = { loadInProcess };
