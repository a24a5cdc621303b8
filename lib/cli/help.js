'use strict';

const { overview } = require('./control/help');
const { OPTIONS } = require('./options');

const HEAD = `Usage: cluster-native [start] [options] <file> [-- arguments for the workers]

Runs a Node.js app as a supervised cluster: each worker runs <file>.`;

const TAIL = `Node's own flags (--inspect, --enable-source-maps, --max-old-space-size=512) are
passed to the alone and the workers; write their values after a '='.`;

/** Longer ones have their help on a line of its own. */
const NAME_WIDTH = 26;

function entry({ group, name, short, value, help }) {
  if (group) return `\n${group}:`;
  const names = `  ${short ? `-${short}, ` : ''}--${name}${value ? ` <${value}>` : ''}`;
  const gap = names.length < NAME_WIDTH ? ' '.repeat(NAME_WIDTH - names.length) : `\n${' '.repeat(NAME_WIDTH)}`;
  return names + gap + help;
}

function help() {
  return [HEAD, ...OPTIONS.map(entry), '', overview(), '', TAIL].join('\n');
}

module.exports = { help };
