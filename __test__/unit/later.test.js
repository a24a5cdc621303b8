'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { createRequire } = require('node:module');
const { FILES } = require('../../lib/native/preload-files');

const lib = path.join(__dirname, '../../lib');
const read = (name) => fs.readFileSync(path.join(lib, name), 'utf8');
const inLib = (file) => path.relative(lib, file);
/** What a file of lib/ requires of lib/. */
const required = (name) => {
  const { resolve } = createRequire(path.join(lib, name));
  return [...read(name).matchAll(/require\('(\.[^']+)'\)/g)].map(([, wanted]) => inLib(resolve(wanted)));
};

/** They are used before `ready` only, or by the command and the installation. */
const OF_THE_START = [
  'cluster/admin.js',
  'cluster/fleet.js',
  'cluster/log-files.js',
  'cluster/manager.js',
  'config/admin.js',
  'config/fleet.js',
  'config/output-files.js',
  'native/control-path.js',
  'config/cpus.js',
  'config/nearest.js',
  'config/watch.js',
  'messages/topic-local.js',
  'native/missing.js',
  'scripts/in-process.js',
];

test('modules that are required late are in memory once later.js was loaded', () => {
  const code = `const start = ['cluster/cluster', 'cluster/dispatcher', 'cluster/signals', 'native/pump', 'native/preload-files', 'output/output'];
    for (const name of [...start, 'cluster/later']) require('./' + name);
    console.log(JSON.stringify(Object.keys(require.cache)));`;
  const loaded = new Set(
    JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: lib, encoding: 'utf8' })).map(inLib),
  );
  const names = fs.readdirSync(lib, { recursive: true }).filter((name) => name.endsWith('.js'));
  const missing = names
    .filter((name) => loaded.has(name))
    .flatMap((name) => required(name))
    .filter((name) => !name.startsWith('..') && !loaded.has(name) && !OF_THE_START.includes(name));
  expect(missing).toEqual([]);
});

test('the files of the preload are complete: each loads from a copy of them', () => {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'later-'));
  try {
    const names = FILES;
    expect(names.flatMap((name) => required(name)).filter((name) => !names.includes(name))).toEqual([]);
    for (const name of names) {
      fs.mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
      fs.writeFileSync(path.join(copy, name), read(name));
    }
    expect(names.filter((name) => name.startsWith('preload/')).sort()).toEqual(
      fs
        .readdirSync(path.join(lib, 'preload'))
        // A process that registers starts others for as long as its own files are there.
        .filter((name) => name !== 'forked.cjs')
        .map((name) => `preload/${name}`)
        .sort(),
    );
    // Not the alone's main script, which runs at once.
    const code = names
      .filter((name) => name !== 'preload/alone-main.js')
      .map((name) => `require('./${name}');`)
      .join('');
    execFileSync(process.execPath, ['-e', code], { cwd: copy, stdio: 'pipe' });
  } finally {
    fs.rmSync(copy, { recursive: true });
  }
});
