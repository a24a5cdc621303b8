'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const project = path.join(__dirname, '../..');
const has = (command) => spawnSync(command, ['--version']).status === 0;
const hasGit = has('git');
const hasRustfmt = has('rustfmt');
if (!hasGit) process.stderr.write('NOT RUN: the pre-commit hook. There is no git on the PATH.\n');
else if (!hasRustfmt) process.stderr.write('NOT RUN: Rust in the pre-commit hook. There is no rustfmt on the PATH.\n');
const testGit = hasGit ? test : test.skip;
const testRust = hasGit && hasRustfmt ? test : test.skip;
jest.setTimeout(120_000);

const NEEDED = [
  ...['.githooks', 'scripts/pre-commit.js', 'package.json'],
  ...['.prettierrc.json', '.prettierignore', 'eslint.config.js', 'rustfmt.toml'],
];
const GOOD = "'use strict';\n\nmodule.exports = 1;\n";
const BAD_FORMAT = "'use strict'\nmodule.exports  =  1\n";
const BAD_LINT = "'use strict';\n\nvar one = 1;\nmodule.exports = one;\n";

let root;

/** In the repository of this test, whatever repository and settings the caller is in. */
function git(...args) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GIT_|FORCE_COLOR$)/.test(name));
  const settings = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', NO_COLOR: '1' };
  const person = ['AUTHOR', 'COMMITTER'].map((role) => ({ [`GIT_${role}_NAME`]: 'a', [`GIT_${role}_EMAIL`]: 'a@b' }));
  const env = Object.assign(Object.fromEntries(inherited), settings, ...person);
  return spawnSync('git', args, { cwd: root, env, encoding: 'utf8' });
}

function write(file, text) {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
}

function stage(file, text) {
  write(file, text);
  expect(git('add', file).status).toBe(0);
}

function commit() {
  return git('commit', '--quiet', '-m', 'a change');
}

beforeEach(() => {
  if (!hasGit) return;
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-hook-'));
  for (const name of NEEDED) fs.cpSync(path.join(project, name), path.join(root, name), { recursive: true });
  fs.symlinkSync(path.join(project, 'node_modules'), path.join(root, 'node_modules'));
  git('init', '--quiet');
  git('add', ...NEEDED);
  expect(commit().stderr).toBe('');
  git('config', 'core.hooksPath', '.githooks');
});

afterEach(() => {
  if (root) fs.rmSync(root, { recursive: true });
});

testGit('what is formatted and linted is committed', () => {
  stage('lib/one.js', GOOD);
  expect(commit()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(git('show', '--format=', '--name-only').stdout).toBe('lib/one.js\n');
});

testGit.each([
  ['a bad format', 'lib/one.js', BAD_FORMAT, '[warn] lib/one.js'],
  ['a bad format of TypeScript', 'lib/one.d.ts', 'export  type One = 1', '[warn] lib/one.d.ts'],
  ["what breaks one of ESLint's rules", 'a b/$one.js', BAD_LINT, '\na b/$one.js\n  3:1  error  Unexpected var'],
])('%s is refused, and said', (_what, file, text, said) => {
  stage(file, text);
  const { status, stdout, stderr } = commit();
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain(said);
  expect(stderr).toContain('Nothing was committed. `npm run format` corrects the format');
  expect(git('diff', '--cached', '--name-only', '-z').stdout).toBe(`${file}\0`);
});

testGit('what counts is what is staged, not the work tree', () => {
  stage('one.js', BAD_FORMAT);
  write('one.js', GOOD);
  expect(commit().status).toBe(1);
  stage('one.js', GOOD);
  write('one.js', BAD_FORMAT);
  write('not-staged.js', BAD_FORMAT);
  expect(commit().status).toBe(0);
});

testGit('files that are removed, ignored or links are not looked at', () => {
  stage('one.js', GOOD);
  stage('text.md', 'a  *text*\n');
  stage('logo.bin', '\0');
  fs.symlinkSync('one.js', path.join(root, 'link.js'));
  git('add', 'link.js');
  expect(commit()).toMatchObject({ status: 0, stderr: '' });
  git('rm', '--quiet', 'one.js', 'link.js');
  expect(commit()).toMatchObject({ status: 0, stderr: '' });
});

testRust('Rust is formatted too, each staged file by itself', () => {
  stage('src/lib.rs', 'mod not_there;\n\npub async fn one() {}\n');
  expect(commit()).toMatchObject({ status: 0, stderr: '' });
  stage('src/lib.rs', 'pub  fn one( ) {}\n');
  const { status, stderr } = commit();
  expect(status).toBe(1);
  expect(stderr).toContain('[rustfmt] src/lib.rs');
});

testGit('without node_modules it is said what to do', () => {
  fs.rmSync(path.join(root, 'node_modules'));
  stage('one.js', GOOD);
  const { status, stderr } = commit();
  expect(status).toBe(1);
  expect(stderr).toContain('prettier was not found');
});
