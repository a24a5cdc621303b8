'use strict';

// One word for one thing: a name in a message, a backtrace or a search leads to one type.

const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..', '..');

function rustFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return rustFiles(file);
    return file.endsWith('.rs') ? [file] : [];
  });
}

/** Types that a whole file sees, in which files. */
function filesByType(files) {
  const found = new Map();
  for (const file of files) {
    for (const [, name] of fs
      .readFileSync(file, 'utf8')
      .matchAll(/^(?:pub(?:\(\w+\))? )?(?:struct|enum|union|trait|type) (\w+)/gm)) {
      found.set(name, [...(found.get(name) ?? []), path.relative(ROOT, file)]);
    }
  }
  return found;
}

test('no two types of the Rust crates have the same name', () => {
  const found = filesByType(['crates', 'src'].flatMap((folder) => rustFiles(path.join(ROOT, folder))));
  expect(found.get('ChildId')).toEqual(['crates/core/src/types.rs']);
  expect([...found].filter(([, files]) => files.length > 1)).toEqual([]);
});
