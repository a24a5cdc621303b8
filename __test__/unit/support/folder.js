'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const made = [];

/** A new temporary folder with these files, `{ 'path/in/it': text }`. Resolved, as the processes in it see it. */
function folder(files = {}) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-unit-')));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return root;
}

function removeFolders() {
  for (const root of made.splice(0)) fs.rmSync(root, { recursive: true });
}

module.exports = { folder, removeFolders };
