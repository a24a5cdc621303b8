'use strict';

/** The first words that are no file: what a cluster that runs is asked or told. Apart from the rest, as every start looks here. */
const CONTROL_COMMANDS = [
  'ls',
  'top',
  'describe',
  'health',
  'reload',
  'scale',
  'stop',
  'restart',
  'kill',
  'profile',
  'fleet',
  'logs',
];

module.exports = { CONTROL_COMMANDS };
