'use strict';
// What .githooks/pre-commit runs: the format and ESLint's rules, for the staged files as they are staged. Seconds, so neither clippy
// nor tests. The files are laid out in a folder of their own, as the work tree may hold changes that are not staged.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
/** What the tools read beside the files. */
const SETTINGS = ['.prettierrc.json', '.prettierignore', 'eslint.config.js', 'package.json', 'rustfmt.toml'];

function git(args, input) {
  const { status, error, stdout } = spawnSync('git', args, {
    cwd: root,
    input,
    encoding: 'utf8',
    maxBuffer: Infinity,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`git ${args[0]} failed`);
  return stdout;
}

function explain(command, error) {
  if (error.code !== 'ENOENT') throw error;
  console.error(
    `${path.basename(command)} was not found. \`npm ci\` installs prettier and ESLint, rustup has rustfmt.`,
  );
}

/** Whether a tool finds no fault. What it finds is told with the files' own names. */
function passes(tool, args, folder) {
  const command = path.join(root, 'node_modules/.bin', tool);
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: Infinity, stdio: ['ignore', 'pipe', 'pipe'] };
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (error) explain(command, error);
  else process.stderr.write(`${stdout}${stderr}`.replaceAll(`${folder}/`, ''));
  return status === 0;
}

/** By stdin: of a file that it is given by name, rustfmt reads the modules too. Its --check then ends with 0 in any case. */
function isFormattedRust(folder, file) {
  const input = fs.readFileSync(path.join(folder, file), 'utf8');
  const options = { cwd: folder, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] };
  const { status, error, stdout } = spawnSync('rustfmt', [], options);
  if (error) explain('rustfmt', error);
  const isFormatted = status === 0 && stdout === input;
  if (!isFormatted) console.error(`[rustfmt] ${file}`);
  return isFormatted;
}

function check(folder, staged) {
  git(['checkout-index', '-z', '--stdin', `--prefix=${folder}/`], [...new Set([...staged, ...SETTINGS])].join('\0'));
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  // Prettier refuses to be given a link.
  const files = staged.filter((file) => fs.lstatSync(path.join(folder, file)).isFile());
  const js = files.filter((file) => /\.[cm]?js$/.test(file));
  const rust = files.filter((file) => file.endsWith('.rs'));
  const results = [
    passes('prettier', ['--check', '--log-level=warn', '--ignore-unknown', '--', ...files], folder),
    js.length === 0 || passes('eslint', ['--no-warn-ignored', '--', ...js], folder),
    ...rust.map((file) => isFormattedRust(folder, file)),
  ];
  return results.every(Boolean);
}

const staged = git(['diff', '--cached', '--name-only', '--diff-filter=d', '-z']).split('\0').filter(Boolean);
if (staged.length === 0) process.exit(0);

const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'pre-commit-'));
try {
  if (!check(folder, staged)) {
    console.error('Nothing was committed. `npm run format` corrects the format; then stage the files again.');
    process.exitCode = 1;
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}
