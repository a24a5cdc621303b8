'use strict';

// Where Node keeps what V8 compiled (NODE_COMPILE_CACHE): workers run the same code, and each boots faster by what the
// first one compiled. Concurrent writers are Node's own concern: each file is written aside and renamed.

const path = require('path');
const { warn } = require('../warn');

/** The first version that knows the variable. */
const SINCE = [22, 1];

const OURS = 'yunfly-cluster';

function isSupported(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  return major > SINCE[0] || (major === SINCE[0] && minor >= SINCE[1]);
}

/** Where it may be, best first; of systemd's CacheDirectory= the first. */
function* places({ CACHE_DIRECTORY: systemd, XDG_CACHE_HOME: cache, HOME: home }) {
  if (systemd) yield path.join(String(systemd).split(':')[0], OURS);
  if (cache) yield path.join(String(cache), OURS);
  if (home) yield path.join(String(home), '.cache', OURS);
  yield path.join(require('os').tmpdir(), `${OURS}-${process.getuid()}`);
}

/** A folder that only this user can write to, in such folders: its content is executed. Undefined where there is none. */
function defaultFolder(env) {
  const { privateFolder } = require('../native/addon');
  for (const place of places(env)) {
    const folder = path.isAbsolute(place) ? privateFolder(path.join(place, 'compile-cache')) : null;
    if (folder !== null) return folder;
  }
  return undefined;
}

/** The value for NODE_COMPILE_CACHE; undefined leaves it as it is. */
function compileCache(option, production, env) {
  if (option === false || !isSupported()) return undefined;
  if (typeof option === 'string') return path.resolve(option);
  if (option !== true && (!production || env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE)) return undefined;
  const folder = defaultFolder(env);
  if (option === true && folder === undefined) {
    const remedy = 'Set XDG_CACHE_HOME, or name a folder that only this user and root can write to.';
    warn(
      'CLUSTER_OPTION_IGNORED',
      `cluster config: \`compileCache: true\` has no effect: there is no private folder for it. ${remedy}`,
    );
  }
  return folder;
}

module.exports = { compileCache, isSupported };
