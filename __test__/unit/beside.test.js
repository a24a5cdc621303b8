'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const file = path.join(__dirname, '../../scripts/beside.js');
const node = (code) => [process.execPath, '-e', code];

/** Runs lists of commands beside each other, as a process of its own. */
function beside(...lists) {
  const code = `require(${JSON.stringify(file)}).beside(...${JSON.stringify(lists)}).then(() => console.log('all done'))`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  return { status, stdout };
}

const make = (file) => `require('fs').writeFileSync(${JSON.stringify(file)}, '');`;
const waitFor = (file) => `while (!require('fs').existsSync(${JSON.stringify(file)}));`;

let folder;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'beside-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

test('lists run beside each other, and what each command prints is whole', () => {
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')];
  // Each waits for something that the other does.
  const first = `console.log('first 1'); ${make(one)} ${waitFor(two)} console.log('first 2')`;
  const other = `${waitFor(one)} console.log('other 1'); ${make(two)} console.log('other 2')`;
  const { status, stdout } = beside([node(first), node("console.log('second')")], [node(other)]);
  expect(status).toBe(0);
  const lines = stdout.split('\n').filter((line) => !line.startsWith('>'));
  expect(lines.indexOf('first 2')).toBe(lines.indexOf('first 1') + 1);
  expect(lines.indexOf('other 2')).toBe(lines.indexOf('other 1') + 1);
  expect(lines.indexOf('second')).toBeGreaterThan(lines.indexOf('first 2'));
  expect(lines.at(-2)).toBe('all done');
});

test('the first that fails ends the others, and is the end', () => {
  const never = node("console.log('began'); setInterval(() => {}, 1000)");
  const { status, stdout } = beside(
    [never, node("console.log('after')")],
    [node("console.error('broken'); process.exit(7)")],
  );
  expect(status).toBe(7);
  expect(stdout).toContain('broken');
  expect(stdout).not.toMatch(/^(after|all done)$/m);
});

test('a command that is not there is a failure', () => {
  expect(beside([['no-such-command-of-ours']])).toMatchObject({ status: 1 });
});
