'use strict';

// Where the control socket of a cluster is. On Linux it has a name and no file: nothing is written, and nothing is left behind. Elsewhere
// it is a file in a folder of this user alone.

const fs = require('fs');
const os = require('os');
const path = require('path');

const PREFIX = 'cluster-native';
const IS_ABSTRACT = process.platform === 'linux';

const uid = () => process.geteuid();

/** Each cluster of a process has its own, which no other process knows beforehand. */
function ownPath() {
  const name = `${PREFIX}.${uid()}.${process.pid}.${Math.random().toString(36).slice(2, 10)}`;
  if (IS_ABSTRACT) return `\0${name}`;
  const folder = ownFolder();
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, `${name}.sock`);
}

function ownFolder() {
  return path.join(process.env.XDG_RUNTIME_DIR || os.tmpdir(), `${PREFIX}-${uid()}`);
}

/** Those of this user's clusters on this machine, some of which may be gone. */
function knownPaths() {
  const isOurs = new RegExp(`(?:^|[ /@])(${PREFIX}\\.${uid()}\\.\\d+\\.\\w+)(?:\\.sock)?$`);
  const named = (lines, toPath) => [
    ...new Set(lines.flatMap((line) => (isOurs.test(line) ? [toPath(isOurs.exec(line)[1])] : []))),
  ];
  if (IS_ABSTRACT) return named(fs.readFileSync('/proc/net/unix', 'utf8').split('\n'), (name) => `\0${name}`);
  const folder = ownFolder();
  return named(fs.existsSync(folder) ? fs.readdirSync(folder) : [], (name) => path.join(folder, `${name}.sock`));
}

/** Of the app that has made it. */
const pidOf = (controlPath) => Number(/\.(\d+)\.\w+(?:\.sock)?$/.exec(controlPath)[1]);

module.exports = { knownPaths, ownPath, pidOf };
