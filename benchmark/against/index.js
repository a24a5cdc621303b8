'use strict';

// The working tree beside another commit, in pairs that follow each other. What is told is the ratio within a pair: its median, and where
// that lies with 95 % confidence. Linux only (/proc).

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { table } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median, medianInterval } = require('../lib/statistics');
const { MEASURES, measure } = require('./measures');

const ROOT = path.join(__dirname, '../..');

const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** A build of that commit, in a folder of its own. */
function build(commit) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-against-'));
  git('worktree', 'add', '--detach', '--force', folder, commit);
  const run = (...args) => execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] });
  run('ci', '--no-audit', '--no-fund');
  run('run', 'build');
  return folder;
}

function remove(folder) {
  git('worktree', 'remove', '--force', folder);
}

/** Each pair in the other order than the one before. */
async function pairs(folders, count) {
  const measured = [];
  for (let index = 0; index < count; index += 1) {
    const pair = [];
    for (const which of index % 2 === 0 ? [0, 1] : [1, 0]) pair[which] = await measure(folders[which]);
    measured.push(pair);
    process.stderr.write(`${index + 1}/${count}\n`);
  }
  return measured;
}

/** `better`: 1 if more is better, -1 if less is. */
function judge([low, high], better) {
  if (low <= 1 && high >= 1) return 'no difference is shown';
  return low > 1 === better > 0 ? 'better' : '**worse**';
}

function row({ name, label, unit, better }, measured) {
  const [before, after] = [0, 1].map((which) => measured.map((pair) => pair[which][name]));
  const ratios = after.map((value, index) => value / before[index]);
  const interval = medianInterval(ratios);
  const shown = (values) => `${median(values).toLocaleString('en', { maximumSignificantDigits: 4 })} ${unit}`.trim();
  const spread = interval.map((value) => value.toFixed(3)).join(' – ');
  return [label, shown(before), shown(after), median(ratios).toFixed(3), spread, judge(interval, better)];
}

async function compare(commit, count) {
  if (process.platform !== 'linux') throw new Error('the benchmark reads /proc: run it on Linux (WSL, a container)');
  if (!(count >= 6)) throw new Error('--pairs: 6 or more, or no interval can be told');
  const name = git('rev-parse', '--short', `${commit}^{commit}`);
  const folder = build(name);
  try {
    const measured = await pairs([folder, ROOT], count);
    console.log(`Working tree ÷ ${name}, on ${machine()}; ${count} pairs.\n`);
    const header = ['', name, 'working tree', 'ratio', '95 % interval', ''];
    console.log(
      table(
        header,
        MEASURES.map((each) => row(each, measured)),
      ),
    );
  } finally {
    remove(folder);
  }
}

module.exports = { compare };
