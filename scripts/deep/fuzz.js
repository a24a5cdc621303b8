'use strict';
// `npm run fuzz [-- seconds [target...]]`: each fuzz target for so long (60 s), beginning with the kept corpus (fuzz/seeds).
// `npm run fuzz -- build`: builds them and runs none.
// `npm run fuzz -- keep`: what the last runs found becomes the kept corpus, as far as it reaches code that the rest does not.
// Needs cargo-fuzz (`cargo install cargo-fuzz`) and a nightly toolchain.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { run, fail, root } = require('../prepare');

const fuzz = path.join(root, 'fuzz');
/** A kept corpus is read with the repository by everybody. */
const MOST_KEPT_BYTES = 40 << 10;

function targets() {
  const files = fs.readdirSync(path.join(fuzz, 'fuzz_targets'));
  return files.map((file) => path.basename(file, '.rs')).sort();
}

function folder(kind, target) {
  const name = path.join(fuzz, kind, target);
  fs.mkdirSync(name, { recursive: true });
  return name;
}

function fuzzRun(target, folders, options) {
  run('cargo', ['+nightly', 'fuzz', 'run', target, ...folders, '--', '-timeout=10', ...options]);
}

/** Small inputs first: libFuzzer's merge takes what adds something to those before. */
function keep(target) {
  const merged = folder('merged', target);
  fuzzRun(
    target,
    [merged, folder('seeds', target), folder('corpus', target)],
    ['-set_cover_merge=1', '-use_counters=0'],
  );
  const files = fs.readdirSync(merged).map((name) => path.join(merged, name));
  const bySize = files
    .map((file) => ({ file, size: fs.statSync(file).size }))
    .sort((one, other) => one.size - other.size);
  const seeds = folder('seeds', target);
  fs.rmSync(seeds, { recursive: true });
  fs.mkdirSync(seeds);
  let bytes = 0;
  for (const { file, size } of bySize) {
    bytes += size;
    if (bytes > MOST_KEPT_BYTES) break;
    fs.copyFileSync(file, path.join(seeds, path.basename(file)));
  }
  fs.rmSync(merged, { recursive: true });
}

const [first = '60', ...named] = process.argv.slice(2);
const chosen = named.length > 0 ? named : targets();
if (spawnSync('cargo', ['fuzz', '--version']).status !== 0) fail('Fuzzing needs cargo-fuzz: cargo install cargo-fuzz');
for (const target of chosen) {
  if (first === 'build') {
    run('cargo', ['+nightly', 'fuzz', 'build', target]);
    continue;
  }
  if (first === 'keep') {
    keep(target);
    continue;
  }
  const seconds = Number(first);
  if (!(seconds > 0)) fail(`For how many seconds? Not ${first}.`);
  fuzzRun(
    target,
    [folder('corpus', target), folder('seeds', target)],
    [`-max_total_time=${seconds}`, '-print_final_stats=1'],
  );
}
