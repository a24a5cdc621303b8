'use strict';

// The files of Node's --env-file, which each process reads when it starts. What is looked at here is NODE_ENV, which decides the mode.

const fs = require('fs');
const path = require('path');
const { parseEnv } = require('util');
const { UsageError } = require('./options');

const FLAG = /^--env-file(-if-exists)?=(.*)$/s;

/** NODE_ENV as the last of these files has it. */
function nodeEnvOf(execArgv, cwd) {
  const values = execArgv.map((flag) => FLAG.exec(flag)).filter(Boolean);
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
  // Before 20.12 there is no such function.
  return parseEnv?.(fs.readFileSync(file, 'utf8')).NODE_ENV ?? [];
}

function isKnown(isOptional) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isAtLeast = (...since) => since.some(([from, least]) => major === from && minor >= least);
  return isOptional ? major > 22 || isAtLeast([22, 9]) : major > 20 || isAtLeast([20, 6]);
}

module.exports = { nodeEnvOf };
