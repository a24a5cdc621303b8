'use strict';

const { execFileSync } = require('node:child_process');
const { normalize } = require('../../../lib/config');

/** The error that it is refused with. */
function refusal(config) {
  try {
    normalize(config);
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

/** What a process warns of that reads this configuration: jest's own `process` sees no warnings. */
function warnings(config) {
  const code = `
    const seen = [];
    process.on('warning', ({ name, code, message }) => seen.push({ name, code, message }));
    require(${JSON.stringify(require.resolve('../../../lib/config'))}).normalize(${JSON.stringify(config)});
    setImmediate(() => console.log(JSON.stringify(seen)));`;
  return JSON.parse(execFileSync(process.execPath, ['--no-warnings', '-e', code], { encoding: 'utf8' }));
}

module.exports = { refusal, warnings };
