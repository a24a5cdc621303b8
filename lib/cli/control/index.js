'use strict';

// The commands for clusters that run. Nothing of a start is loaded: a probe runs one of them every few seconds.

const { UsageError } = require('../options');

const EXIT = { failed: 1, usage: 2, noCluster: 3 };

/** Of what the cluster says about what was typed. */
const OF_TYPED = [
  'ERR_SCALE_INVALID',
  'ERR_RELOAD_INVALID',
  'ERR_ORDER_INVALID',
  'ERR_PROFILE_INVALID',
  'ERR_FLEET_INVALID',
];

/** `argv` begins with the command. */
async function runControl(argv) {
  // Nobody reads any more (`| head`).
  process.stdout.on('error', () => {});
  try {
    const typed = require('./parse').parse(argv);
    if (typed.help) return void console.log(require('./help').help(typed.name));
    const byOther = typed.user === undefined ? undefined : await require('./other-user').runAs(typed.user, argv);
    process.exitCode = byOther ?? (await carryOut(typed));
  } catch (error) {
    fail(error);
  }
}

/** What a command does resolves with `{ lines, json, failed? }`; nothing is printed of what is undefined. */
async function carryOut(typed) {
  const { COMMANDS } = require('./commands');
  const { run, ofAll } = COMMANDS[typed.name];
  const cluster = ofAll ? undefined : await require('./choose').choose(typed);
  const { lines, json, failed } = (await run(cluster, typed)) ?? {};
  if (typed.json && json !== undefined) console.log(JSON.stringify(json));
  else if (lines) console.log(lines.join('\n'));
  return failed ? EXIT.failed : 0;
}

function fail(error) {
  process.exitCode = exitCodeOf(error);
  const isKnown = error instanceof UsageError || error.name === 'ClusterError';
  console.error(isKnown ? `cluster-native: ${error.message}` : error);
}

function exitCodeOf(error) {
  if (error instanceof UsageError || OF_TYPED.includes(error.code)) return EXIT.usage;
  return error.code === 'ERR_CLUSTER_NOT_FOUND' ? EXIT.noCluster : EXIT.failed;
}

module.exports = { runControl };
