'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { folder } = require('./files');

const root = path.join(__dirname, '../../..');
/** The package is one that was packed, and a start loads its bundles: scripts/packed.js sets it. */
const isPacked = process.env.PACKED_UNDER_TEST !== undefined;

/** A copy of a folder's sources, with nothing installed but these packages; `@yunflyjs/cluster-native` is this one. Outside of the
 *  repository, whose own packages would be found otherwise. */
function project(source, packages = []) {
  const copy = path.join(folder(), 'project');
  const isOwn = (file) => !['node_modules', 'build'].includes(path.basename(file));
  fs.cpSync(source, copy, { recursive: true, filter: isOwn });
  for (const name of packages) {
    const link = path.join(copy, 'node_modules', name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(name === '@yunflyjs/cluster-native' ? root : path.join(root, 'node_modules', name), link);
  }
  return copy;
}

module.exports = { project, root, isPacked };
