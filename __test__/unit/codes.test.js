'use strict';
// lib/types/codes.d.ts is the list of codes: every one that the sources have is in it, and none that they don't.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
/** Node's own, which the sources look for or make as Node does. */
const OF_NODE = [
  'ERR_CHILD_PROCESS_IPC_REQUIRED',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_INVALID_HANDLE_TYPE',
  'ERR_IPC_DISCONNECTED',
  'ERR_IPC_ONE_PIPE',
  'ERR_MISSING_ARGS',
  'ERR_SOCKET_BAD_PORT',
  'ERR_IPC_CHANNEL_CLOSED',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_REQUIRE_ESM',
  'ERR_UNKNOWN_FILE_EXTENSION',
];
const RUST_LIST = path.join('crates', 'protocol', 'src', 'code.rs');

function files(name, fits) {
  const file = path.join(root, name);
  if (fs.statSync(file).isFile()) return [name];
  const inside = fs
    .readdirSync(file, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || fits.test(entry.name));
  return inside.flatMap((entry) => files(path.join(name, entry.name), fits));
}

/** Without the tests inside of it. */
const read = (name) =>
  fs.readFileSync(path.join(root, name), 'utf8').replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, '');
const sorted = (codes) => [...new Set(codes)].sort();
/** What stands in quotes: names of variables begin otherwise. */
const quoted = (text) => [...text.matchAll(/['"]((?:ERR|CLUSTER)_[A-Z_]+)['"]/g)].map(([, code]) => code);

const javaScript = ['index.js', 'register.js', 'lib', 'bin'].flatMap((name) => files(name, /\.c?js$/));
const rust = ['src', 'crates'].flatMap((name) => files(name, /\.rs$/)).filter((name) => !/tests(\.rs|\/)/.test(name));
const types = ['index.d.ts', 'register.d.ts', ...files('lib', /\.d\.ts$/)];
const list = read('lib/types/codes.d.ts');
const listed = sorted(quoted(list));

test('what the sources have is in the list, and what is in the list they have', () => {
  const used = [...javaScript, ...rust].flatMap((name) => quoted(read(name)));
  expect(used.length).toBeGreaterThan(50);
  expect(sorted(used).filter((code) => !OF_NODE.includes(code))).toEqual(listed);
});

test('in Rust each is written once', () => {
  const codes = quoted(read(RUST_LIST));
  expect(codes).toHaveLength(sorted(codes).length);
  expect(rust.filter((name) => name !== RUST_LIST && quoted(read(name)).length > 0)).toEqual([]);
});

test('each has a comment that says what it means', () => {
  expect([...list.matchAll(/\*\/\n {2}(?:\| )?'(\w+)'/g)].map(([, code]) => code)).toEqual(quoted(list));
});

test('what types and documents speak of is in the list', () => {
  const documents = ['README.md', 'README.zh-CN.md', ...files('docs', /\.md$/)];
  const spoken = [...types, ...documents].flatMap((name) =>
    [...read(name).matchAll(/`((?:ERR|CLUSTER)_[A-Z_]+)`/g)].map(([, code]) => code),
  );
  expect(spoken.length).toBeGreaterThan(50);
  expect(sorted(spoken).filter((code) => !listed.includes(code))).toEqual([]);
});
