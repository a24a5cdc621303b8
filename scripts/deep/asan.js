'use strict';
// `npm run test:asan [-- jest arguments]`: the e2e tests with an addon in which AddressSanitizer checks every access to memory.
// Needs a nightly toolchain and gcc's libasan, which is loaded into Node before all else. Reports are files: a child's
// stderr may be nobody's.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { run, fail, root } = require('../prepare');

const TARGET = `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch]}-unknown-linux-gnu`;
const folder = path.join(root, 'target/asan');
const reports = path.join(folder, 'reports');

function runtime() {
  const { stdout } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const name = stdout?.trim() ?? '';
  if (!path.isAbsolute(name)) fail('AddressSanitizer needs libasan, which comes with gcc.');
  return fs.realpathSync(name);
}

function build() {
  const env = { ...process.env, RUSTFLAGS: '-Zsanitizer=address -Cforce-frame-pointers=yes', CARGO_TARGET_DIR: folder };
  // With a target of its own neither build scripts nor macros are watched.
  run('cargo', ['+nightly', 'build', '--lib', '--target', TARGET], { env });
  return path.join(folder, TARGET, 'debug/libcluster_native.so');
}

/** Runs with this addon in the place of the project's own: native.js has a variable for that, but other packages obey it, too. */
function withAddon(addon, then) {
  const own = fs.readdirSync(root).find((name) => name.endsWith('.node'));
  if (!own) fail('Build first: npm run build');
  const [place, kept] = [path.join(root, own), path.join(folder, own)];
  // It is there still where the last run was killed midway.
  if (!fs.existsSync(kept)) fs.renameSync(place, kept);
  try {
    fs.copyFileSync(addon, place);
    return then();
  } finally {
    fs.renameSync(kept, place);
  }
}

const addon = build();
fs.rmSync(reports, { recursive: true, force: true });
fs.mkdirSync(reports, { recursive: true });
const options = {
  // Node frees nothing at its end.
  detect_leaks: 0,
  // What was freed is kept to see that nobody uses it: not so much that the tests of memory see it.
  quarantine_size_mb: 16,
  // Node and the addon each have a copy of some libraries.
  detect_odr_violation: 0,
  log_path: path.join(reports, 'report'),
};
const env = {
  ...process.env,
  LD_PRELOAD: runtime(),
  ASAN_OPTIONS: Object.entries(options)
    .map((option) => option.join('='))
    .join(':'),
};
const jest = ['jest', '--selectProjects=e2e', ...process.argv.slice(2)];
const { status } = withAddon(addon, () => spawnSync('npx', jest, { cwd: root, stdio: 'inherit', env }));
const found = fs.readdirSync(reports).map((name) => path.join(reports, name));
for (const name of found) console.error(`\n== ${name}\n${fs.readFileSync(name, 'utf8')}`);
if (found.length > 0) fail(`AddressSanitizer found ${found.length} fault(s).`);
process.exit(status ?? 1);
