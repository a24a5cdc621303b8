'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { frame } = require('../../lib/cli/frame');

let folder;
let file;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cli frame-'));
  file = path.join(folder, 'app.js');
  fs.writeFileSync(file, `function find(user) {\n\treturn user.id;\n}\n${'x'.repeat(1000)}\n`);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const errorWith = (...stack) => ({ stack: stack.join('\n') });

test("the first place that is in the app's own code, as the code has it", () => {
  const lines = frame(
    errorWith(
      'TypeError: no user',
      '    at Array.map (<anonymous>)',
      '    at run (node:internal/timers:1:2)',
      `    at handle (${folder}/node_modules/express/index.js:1:2)`,
      `    at find (${file}:2:14)`,
      `    at serve (${file}:9:9)`,
    ),
  );
  expect(lines).toEqual([`    at find (${file}:2:14)`, '      return user.id;', '                  ^']);
});

test.each([
  ['of an ES module', (at) => `    at ${pathToFileURL(at).href}:2:14`],
  ['of an async function', (at) => `    at async find (${at}:2:14)`],
])('%s', (_what, call) => {
  expect(frame(errorWith('Error: x', call(file)))[1]).toBe('      return user.id;');
});

test.each([
  ['an error of syntax', ['FILE:2', 'const = 1', '      ^', 'SyntaxError: x'], ['    at FILE:2']],
  ['a file that is gone', ['Error: x', '    at find (/none/app.js:2:14)'], ['    at find (/none/app.js:2:14)']],
  ['a line that nobody wrote', ['Error: x', '    at find (FILE:4:500)'], ['    at find (FILE:4:500)']],
  ['a place behind the file', ['Error: x', '    at find (FILE:90:5)'], ['    at find (FILE:90:5)']],
  ['none', ['Error: x', '    at node:internal/x:1:2'], []],
  ['no stack', [], []],
])('%s', (_what, stack, expected) => {
  const named = (line) => line.replace('FILE', file);
  expect(frame(errorWith(...stack.map(named)))).toEqual(expected.map(named));
});

test('without the code, where Node has printed it; nothing of what is no error', () => {
  expect(frame(errorWith('Error: x', `    at find (${file}:2:14)`), { isPrinted: true })).toHaveLength(1);
  expect(frame(undefined)).toEqual([]);
});
