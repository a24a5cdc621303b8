'use strict';

// What a worker's Node is started with: the flags of the settings without the one that loads register. In a worker there is nothing for
// it to do, and it would cost each start a millisecond, by `--import` several. The worker sees it in its process.execArgv all the same
// (lib/preload/forked.cjs): what it forks itself gets it.

const fs = require('fs');
const path = require('path');
const { fileURLToPath } = require('url');

const NAME = '@yunflyjs/cluster-native/register';
const FILE = path.join(__dirname, '../../register.js');
const FLAGS = ['--require', '-r', '--import'];

/** What was found out of each path, which costs system calls. */
const known = new Map();

function isRegister(value) {
  if (value === NAME) return true;
  if (!/^(\.|\/|file:)/.test(value)) return false;
  if (!known.has(value)) known.set(value, leadsHere(value));
  return known.get(value);
}

function leadsHere(value) {
  try {
    const file = value.startsWith('file:') ? fileURLToPath(value) : path.resolve(value);
    return [file, `${file}.js`].some((each) => fs.existsSync(each) && fs.realpathSync(each) === FILE);
  } catch {
    return false;
  }
}

function withoutRegister(execArgv) {
  const kept = [];
  for (let i = 0; i < execArgv.length; i += 1) {
    const [flag, value] = execArgv[i].split(/=(.*)/s, 2);
    const isFlag = FLAGS.includes(flag);
    if (isFlag && value === undefined && isRegister(execArgv[i + 1] ?? '')) i += 1;
    else if (!isFlag || value === undefined || !isRegister(value)) kept.push(execArgv[i]);
  }
  return kept;
}

module.exports = { withoutRegister };
