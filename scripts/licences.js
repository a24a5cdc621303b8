'use strict';
// `node scripts/licences.js <Cargo.toml> <folder>…`: writes into each folder the licences of the crates that are linked into a binding, which
// have to come along with it. Without a folder it checks only that there is a text for each crate. The file's name is one that npm packs
// whatever `files` says.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { napi } = require('../package.json');

const FILE = 'LICENSE.third-party.txt';
const TEXT = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

const HEAD = `This addon contains the following crates, under the licences below, and Rust's standard library (MIT OR Apache-2.0,
https://github.com/rust-lang/rust).
`;

function metadata(manifest) {
  const platforms = napi.targets.flatMap((target) => ['--filter-platform', target]);
  const args = ['metadata', '--format-version', '1', '--locked', '--manifest-path', manifest, ...platforms];
  return JSON.parse(execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 64 << 20 }));
}

/** The crates that end up in the binding: neither those of build scripts, tests and macros, nor the project's own. */
function linked(manifest) {
  const { packages, resolve } = metadata(manifest);
  const byId = new Map(packages.map((each) => [each.id, each]));
  const nodes = new Map(resolve.nodes.map((each) => [each.id, each]));
  const isMacro = (id) => byId.get(id).targets.some(({ kind }) => kind.includes('proc-macro'));
  const root = packages.find((each) => each.manifest_path === path.resolve(manifest)).id;
  const found = new Set([root]);
  for (const id of found) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null) && !isMacro(pkg)) found.add(pkg);
    }
  }
  return [...found].map((id) => byId.get(id)).filter(({ source }) => source !== null);
}

/** Of a crate that comes without a text. */
function commonText({ name, license, authors }) {
  const [id] = license.split(/ OR |\//);
  const { licenseText } = require(`spdx-license-list/licenses/${id}.json`);
  const holders = authors.length > 0 ? authors.join(', ') : `the authors of ${name}`;
  return licenseText.replace('<year> <copyright holders>', holders).trim();
}

/** Where there is a choice, MIT: the shortest. */
function texts(crate) {
  const folder = path.dirname(crate.manifest_path);
  const files = fs.readdirSync(folder).filter((file) => TEXT.test(file));
  if (files.length === 0) return [commonText(crate)];
  const isChoice = / OR |\//.test(crate.license) && !/ AND /.test(crate.license);
  const chosen = isChoice ? files.filter((file) => /mit/i.test(file)) : [];
  return (chosen.length > 0 ? chosen : files).map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim());
}

/** What stands in the file: each text once, below the crates that it is for. */
function licences(manifest) {
  const crates = new Map();
  for (const crate of linked(manifest)) {
    const named = `${crate.name} ${crate.version} (${crate.license}, ${crate.repository})`;
    for (const text of texts(crate)) crates.set(text, [...(crates.get(text) ?? []), named]);
  }
  const parts = [...crates].map(([text, names]) => `${names.sort().join('\n')}\n\n${text}\n`);
  return [HEAD, ...parts.sort()].join(`\n${'-'.repeat(80)}\n\n`);
}

function main(manifest, ...folders) {
  if (!manifest) throw new Error('of which Cargo.toml?');
  const text = licences(manifest);
  for (const folder of folders) fs.writeFileSync(path.join(folder, FILE), text);
}

if (require.main === module) main(...process.argv.slice(2));
