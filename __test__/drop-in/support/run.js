'use strict';

const path = require('node:path');
const { launch, fixture, runtime } = require('../../e2e/support/cluster');

const REGISTER = path.join(__dirname, '../../../register.js');

/** How the same code is run: by Node alone, or with the native master under its `cluster`. */
const FLAGS = { node: [], register: ['--require', REGISTER] };

/** For `describe.each`: what both do alike. */
const BOTH = Object.keys(FLAGS);

/**
 * Starts a primary that does not wait for anything. `parts`: the methods `primary` and `worker`, which run over there, with
 * `{ cluster, tell, report, given }` (fixtures/drop-in/parts.js): what is around them here, is not there.
 * @param options given: values for the parts; script: instead of parts.js; files: how many it may have open; execArgv, env and the rest
 * as launch() has them
 */
function start(
  how,
  parts,
  { script = fixture('drop-in/parts.js'), execArgv = [], given = {}, files, ...options } = {},
) {
  const texts = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, String(part)]));
  const limited = files ? ['sh', '-c', `ulimit -n ${files}; exec "$@"`, 'sh'] : [];
  const commandLine = [...limited, runtime, ...FLAGS[how], ...execArgv, script, JSON.stringify({ ...texts, given })];
  return launch({}, { commandLine, ...options });
}

/** Runs a primary until it has ended and no process of it is left. */
async function run(how, parts, options) {
  const app = start(how, parts, options);
  const { code, signal } = await app.gone;
  const { output } = app;
  const told = app.history().filter(({ name }) => name !== 'output' && name !== 'report');
  return { code, signal, output, told, of: (name) => app.events(name), reports: (kind) => app.reports(kind), app };
}

module.exports = { BOTH, REGISTER, start, run, fixture, runtime };
