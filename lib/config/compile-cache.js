'use strict';

// Where Node keeps what V8 compiled (NODE_COMPILE_CACHE): workers run the same code, and each boots faster by what the
// first one compiled. Concurrent writers are Node's own concern: each file is written aside and renamed.

const fs = require('fs');
const os = require('os');
const path = require('path');

/** The first version that knows the variable. */
const SINCE = [22, 1];

const OTHERS_MAY_WRITE = 0o022;

function isSupported(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  return major > SINCE[0] || (major === SINCE[0] && minor >= SINCE[1]);
}

/** A folder that only this user can write to: its content is executed. Undefined where there is none. */
function defaultFolder() {
  const uid = process.getuid();
  const folder = path.join(os.tmpdir(), `yunfly-cluster-${uid}`);
  try {
    fs.mkdirSync(folder, { mode: 0o700, recursive: true });
    const stat = fs.lstatSync(folder);
    const isOurs = stat.isDirectory() && stat.uid === uid && (stat.mode & OTHERS_MAY_WRITE) === 0;
    return isOurs ? path.join(folder, 'compile-cache') : undefined;
  } catch {
    return undefined;
  }
}

/** The value for NODE_COMPILE_CACHE; undefined leaves it as it is. */
function compileCache(option, production, env) {
  if (option === false || !isSupported()) return undefined;
  if (typeof option === 'string') return path.resolve(option);
  const isAsked = option === true || (production && !env.NODE_COMPILE_CACHE && !env.NODE_DISABLE_COMPILE_CACHE);
  return isAsked ? defaultFolder() : undefined;
}

module.exports = { compileCache, isSupported };
