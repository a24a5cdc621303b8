'use strict';

// What PM2's own options of the command line are here. Most are called as in its ecosystem file.

const { byName } = require('../options');
const { OPTIONS, nameOf } = require('./options');

const SHORT = {
  i: 'instances',
  n: 'name',
  o: 'output',
  e: 'error',
  l: 'log',
  p: 'pid',
  k: 'kill_timeout',
  u: 'user',
  c: 'cron',
  a: 'args',
  f: 'force',
};

const REMEDIES = {
  daemon: 'the command stays in the foreground, where systemd or Docker supervises it',
  attach: 'the command stays in the foreground',
  wait_ready: 'here it is --ready message',
  args: 'what is for the workers stands after a --',
  node_args: "write Node's own flags as they are, or --exec-argv=<flag>",
  exec_mode: 'workers always share their ports',
  log_file: 'here it is --output-file <path>',
  ...Object.fromEntries(
    ['out_file', 'error_file'].map((name) => [
      name,
      'here it is --output-file <path>, for both streams; `output: { outFile, errorFile }` in a configuration keeps them apart',
    ]),
  ),
};

/** What to do instead; undefined for what is not PM2's. */
function pm2Hint(typed) {
  const [, negation, word] = /^(no-)?(.*)$/.exec(typed);
  const name = nameOf((SHORT[word] ?? word).replaceAll('-', '_'));
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  const remedy = REMEDIES[name] ?? (option && remedyOf(option, negation));
  return remedy && `It is PM2's: ${remedy}.`;
}

function remedyOf({ field, refused, ignored }, negation) {
  const ours = [...byName.values()].find((each) => each.field === field && Boolean(each.value) === !negation);
  if (field && ours) return `here it is --${ours.name}${ours.value ? ` <${ours.value}>` : ''}`;
  // Its sentence has a stop already.
  if (refused) return refused[0].toLowerCase() + refused.slice(1).replace(/\.$/, '');
  return ignored ?? 'leave it out';
}

module.exports = { pm2Hint };
