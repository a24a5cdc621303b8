'use strict';

// The files of Node's --env-file, which each process reads when it starts. What is looked at here is NODE_ENV, which decides the mode.

const fs = require('fs');
const path = require('path');
const { parseEnv } = require('util');
const { UsageError } = require('./options');

const FLAG = /^--env-file(-if-exists)?=(.*)$/s;
/** Its value is the next word. */
const ALONE = /^--env-file(-if-exists)?$/;
const NODE_ENV = /^\s*(?:export\s+)?NODE_ENV\s*=\s*(['"`]?)(.*?)\1\s*(?:#.*)?$/gm;

/** NODE_ENV as the last of these files has it. */
function nodeEnvOf(execArgv, cwd) {
  const flags = execArgv.map((flag, index) => (ALONE.test(flag) ? `${flag}=${execArgv[index + 1]}` : flag));
  const values = flags.map((flag) => FLAG.exec(flag)).filter(Boolean);
  return values.flatMap(([flag, isOptional, file]) => read(flag, isOptional, path.resolve(cwd ?? '', file))).at(-1);
}

function read(flag, isOptional, file) {
  if (!isKnown(isOptional)) {
    const [name] = flag.split('=');
    const since = isOptional ? '22.9' : '20.6';
    throw new UsageError(
      `${name} needs Node.js ${since} or later; this is ${process.version}. Set variables by --env.`,
    );
  }
  if (!fs.existsSync(file)) {
    if (isOptional) return [];
    throw new UsageError(`--env-file: there is no file ${file}.`);
  }
  const text = fs.readFileSync(file, 'utf8');
  // Before 20.12 there is no parseEnv().
  const found = parseEnv ? parseEnv(text).NODE_ENV : [...text.matchAll(NODE_ENV)].at(-1)?.[2];
  return found ?? [];
}

function isKnown(isOptional) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isAtLeast = (...since) => since.some(([from, least]) => major === from && minor >= least);
  return isOptional ? major > 22 || isAtLeast([22, 9]) : major > 20 || isAtLeast([20, 6]);
}

module.exports = { nodeEnvOf };
