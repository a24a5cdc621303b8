'use strict';

// Where the control socket of a cluster is. On Linux it has a name and no file: nothing is written, and nothing is left behind. Elsewhere
// it is a file in a folder of this user alone, with a short path: a socket's address holds about 100 bytes.

const fs = require('fs');
const path = require('path');
const { privateFolder } = require('./addon');

const IS_ABSTRACT = process.platform === 'linux';

const uid = () => process.geteuid();

/** What a title leaves in the name, by which a cluster that does not answer is told from others (FNV-1a). */
function markOf(title) {
  const hash = Buffer.from(title).reduce((before, byte) => Math.imul(before ^ byte, 0x01000193), 0x811c9dc5);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Each cluster of a process has its own, which no other process knows beforehand. Undefined where there can be none. */
function ownPath(title) {
  const name = `${process.pid}.${Math.random().toString(36).slice(2, 8)}${markOf(title)}`;
  if (IS_ABSTRACT) return `\0${prefix()}${name}`;
  const folder = privateFolder(ownFolder());
  return folder === null ? undefined : path.join(folder, name);
}

const prefix = () => `cluster-native.${uid()}.`;

function ownFolder() {
  return path.join(process.env.XDG_RUNTIME_DIR || require('os').tmpdir(), `cluster-native-${uid()}`);
}

/** Those of this user's clusters on this machine, some of which may be gone. */
function knownPaths() {
  if (!IS_ABSTRACT) {
    const folder = ownFolder();
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names.filter((name) => /^\d+\.\w+$/.test(name)).map((name) => path.join(folder, name));
  }
  const isOurs = new RegExp(`@(${prefix().replaceAll('.', '\\.')}\\d+\\.\\w+)$`);
  const found = fs.readFileSync('/proc/net/unix', 'utf8').split('\n');
  return [...new Set(found.flatMap((line) => (isOurs.test(line) ? [`\0${isOurs.exec(line)[1]}`] : [])))];
}

/** Of the app that has made it. */
const pidOf = (controlPath) => Number(/(\d+)\.\w+$/.exec(controlPath)[1]);

/** Whether its cluster may have this title. */
const mayBeCalled = (controlPath, title) => controlPath.endsWith(markOf(title));

module.exports = { knownPaths, mayBeCalled, ownPath, pidOf };
