'use strict';

// A packed package has the files of a start twice: each by itself, and together in one file (scripts/bundle.js), which loads in less
// time.

const fs = require('fs');
const path = require('path');

/** Only a clone has it. There the source counts, whatever packing has left behind. */
const OF_A_CLONE = path.join(__dirname, '../../scripts/prepare.js');

const isPacked = fs.existsSync(path.join(__dirname, '../bundle')) && !fs.existsSync(OF_A_CLONE);

/** A bundle puts its files into Node's own module cache, so that none is loaded a second time. That of jest takes nothing, and bundlers
 *  have none. */
const isNodes = () => require.cache !== undefined && require.cache === module.constructor._cache;

/** The source is in use here, by the preload, register or the command: what it has is not to be there twice. */
const isBegun = () => require.cache[path.join(__dirname, '../errors.js')] !== undefined;

/** Whether this process is to load the app's. */
const takesBundle = () => isPacked && isNodes() && !isBegun();

/** What children are started with. */
const PRELOAD = path.join(__dirname, isPacked ? '../bundle/preload.cjs' : '../preload/index.js');

/** It was seen: it may be removed later (preload-files.js). */
let isThere = false;

/** Gives it if it is there: where a bundler has put this file into another one, it never was. */
function preload() {
  isThere ||= fs.existsSync(PRELOAD);
  if (isThere) return PRELOAD;
  const { ClusterError } = require('../errors');
  const what = `@yunflyjs/cluster-native needs its own files, which are not at ${PRELOAD}: a bundler has packed it into your app.`;
  const remedy =
    'Leave it out of the bundle: `--external:@yunflyjs/cluster-native` (esbuild), `externals` (webpack), `external` (Rollup).';
  throw new ClusterError('ERR_PACKAGE_BUNDLED', `${what} ${remedy}`);
}

module.exports = { takesBundle, PRELOAD, preload };
