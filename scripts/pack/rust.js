'use strict';
// The environment of a user who has no Rust.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** Whatever else is in a folder of PATH that has cargo, such as node in /usr/bin, stays: as links in a folder of ours. */
function withoutRust(folder) {
  const entries = process.env.PATH.split(path.delimiter).map((entry, index) => {
    if (!fs.existsSync(path.join(entry, 'cargo'))) return entry;
    const links = path.join(folder, `path-${index}`);
    fs.mkdirSync(links);
    for (const name of fs.readdirSync(entry)) {
      if (!/^(cargo|rust)/.test(name)) fs.symlinkSync(path.join(entry, name), path.join(links, name));
    }
    return links;
  });
  const env = { ...process.env, PATH: entries.join(path.delimiter) };
  const { error } = spawnSync('cargo', ['--version'], { env });
  if (error?.code !== 'ENOENT') throw new Error('cargo is still on PATH');
  return env;
}

module.exports = { withoutRust };
