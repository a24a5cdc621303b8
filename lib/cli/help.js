'use strict';

const { FIELDS } = require('../config/fields');
const { overview } = require('./control/help');
const { OPTIONS } = require('./options');

const HEAD = `Usage: cluster-native [start] [options] [<file>] [-- arguments for the workers]

Runs a Node.js app as a supervised cluster: each worker runs <file>.
Reads cluster.config.js (.mjs, .cjs, .ts, .json). In brackets: the defaults.`;

const TAIL = `Node's own flags (--inspect, --env-file=.env, --cpu-prof, …) are passed to the
alone and the workers; write their values after a '='.`;

/** Longer ones have their help on a line of its own. */
const NAME_WIDTH = 26;
const WIDTH = 80;

function entry({ group, name, short, value, field, help, usual }) {
  if (group) return `\n${group}:`;
  const names = `  ${short ? `-${short}, ` : ''}--${name}${value ? ` <${value}>` : ''}`;
  const indent = ' '.repeat(NAME_WIDTH);
  const gap = names.length < NAME_WIDTH ? ' '.repeat(NAME_WIDTH - names.length) : `\n${indent}`;
  const text = value ? (usual ?? usualOf(FIELDS[field])) : '';
  const isLong = NAME_WIDTH + help.length + text.length + 3 > WIDTH;
  return `${names}${gap}${help}${text && `${isLong ? `\n${indent}` : ' '}(${text})`}`;
}

/** What holds where the option is not given. An empty list or object is nothing to be told of. */
function usualOf({ default: usual, defaults } = {}) {
  if (defaults) return `${defaults.production}; --dev: ${defaults.development}`;
  if (usual === false) return 'off';
  return usual === undefined || typeof usual === 'object' ? '' : String(usual);
}

function help() {
  return [HEAD, ...OPTIONS.map(entry), '', overview(), '', TAIL].join('\n');
}

module.exports = { help };
