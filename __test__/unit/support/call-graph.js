'use strict';
// Which file of the core calls which, by names: a function is where `fn name` is. Where several files have one of that name, or the
// standard library may have it too, the type says which: of a path (`Type::name`), or of the variable or field it is called on.

const fs = require('node:fs');
const path = require('node:path');

/** Methods of the standard library's types. */
const STANDARD = new Set([
  'push',
  'remove',
  'take',
  'replace',
  'is_empty',
  'get',
  'get_mut',
  'keys',
  'new',
  'insert',
  'max',
  'min',
  'with',
  'as_str',
  'as_ref',
]);

/** The sources in a folder, without tests and what is made for them. */
function sources(root, folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return ['testing', 'tests'].includes(entry.name) ? [] : sources(root, name);
    if (!name.endsWith('.rs') || entry.name === 'tests.rs') return [];
    return [[name, code(fs.readFileSync(path.join(root, name), 'utf8'))]];
  });
}

function code(text) {
  return text
    .replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/"(\\.|[^"\\])*"/g, '""');
}

/** A folder belongs to the file of its name: dispatch.rs and dispatch/. The crate's own files are one: they wire the others. */
function subject(file) {
  const parts = file.split(path.sep);
  return parts.length === 1 ? file : parts.slice(0, 2).join('/').replace(/\.rs$/, '');
}

function callGraph(files) {
  const functions = new Map();
  const types = new Map();
  for (const [file, text] of files) {
    for (const [, name] of text.matchAll(/\bfn (\w+)/g))
      functions.set(name, (functions.get(name) ?? new Set()).add(file));
    for (const [, name] of text.matchAll(/\b(?:struct|enum) (\w+)/g)) types.set(name, file);
  }
  const contexts = new Set(files.filter(([, text]) => /\bimpl Context\b/.test(text)).map(([file]) => file));

  function target(file, variables, [, receiver, separator, name]) {
    const where = functions.get(name);
    if (!where || !separator) return undefined;
    const type = separator === '::' ? receiver : variables.get(receiver);
    if (where.has(types.get(type))) return types.get(type);
    if (separator === '::') return [...where].find((other) => path.basename(other, '.rs') === receiver);
    const isContext = receiver === 'ctx' || (receiver === 'self' && contexts.has(file));
    const candidates = [...where].filter((other) => !isContext || contexts.has(other));
    if (where.has(file) && receiver === 'self') return file;
    return candidates.length === 1 && !STANDARD.has(name) ? candidates[0] : undefined;
  }

  const calls = new Map();
  for (const [file, text] of files) {
    const variables = new Map();
    for (const [, name, type] of text.matchAll(/\b(\w+): (?:&(?:'\w+ )?)?(?:mut )?(?:(?:Option|Box|Vec)<)?&?(\w+)/g))
      variables.set(name, type);
    for (const call of text.matchAll(/(?:\b(\w+)\s*(\.|::)\s*)?\b(\w+)\(/g)) {
      const other = target(file, variables, call);
      if (other === undefined || subject(other) === subject(file)) continue;
      const from = calls.get(subject(file)) ?? new Map();
      calls.set(subject(file), from.set(subject(other), call[3]));
    }
  }
  return calls;
}

/** One way round, as [file, called function, file, …]; undefined if there is none. */
function findCycle(calls) {
  const done = new Set();
  function visit(file, way) {
    const begin = way.indexOf(file);
    if (begin >= 0) return [...way.slice(begin), file];
    if (done.has(file)) return undefined;
    for (const [other, name] of calls.get(file) ?? []) {
      const found = visit(other, [...way, file, name]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  }
  for (const file of calls.keys()) {
    const found = visit(file, []);
    if (found) return found;
  }
  return undefined;
}

module.exports = { sources, code, callGraph, findCycle };
