'use strict';

const { parseArgs } = require('util');
const { nearest } = require('../nearest');
const { byName, UsageError } = require('./options');

/** The command that may stand before the file. */
const START = 'start';

const parserOptions = Object.fromEntries(
  [...byName].map(([name, { short, value }]) => [
    name,
    { type: value ? 'string' : 'boolean', multiple: true, ...(short && { short }) },
  ]),
);

/**
 * What was typed: `{ config, nodeFlags, configFile?, help?, version? }`. `config` holds the fields that were given; the file is
 * its `exec`, what follows the file its `args`.
 */
function parse(argv) {
  // Not strict: the arguments after the file are not ours.
  const { tokens } = parseArgs({ args: argv, options: parserOptions, strict: false, tokens: true });
  const positionals = tokens.filter(({ kind }) => kind === 'positional');
  const file = positionals[0]?.value === START ? positionals[1] : positionals[0];
  const ours = tokens.filter(({ kind, index }) => kind === 'option' && (!file || index < file.index));
  const typed = { config: {}, nodeFlags: [] };
  for (const token of ours) take(typed, token);
  if (file) {
    typed.config.exec = file.value;
    const args = argv.slice(file.index + 1);
    // `app.js -- --flag`, as npm and PM2 have it.
    if (args[0] === '--') args.shift();
    if (args.length > 0) typed.config.args = args;
  }
  return typed;
}

function take(typed, token) {
  const option = byName.get(token.name);
  if (!option) typed.nodeFlags.push(nodeFlag(token));
  else if (option.node) typed.nodeFlags.push(...flagOf(option, valueOf(option, token)));
  else if (option.ask) ask(typed, option, token);
  else setField(typed.config, option, token);
}

function ask(typed, { ask: what, ...option }, token) {
  if (what === 'config') typed.configFile = valueOf(option, token);
  else typed[what] = valueOf(option, token);
}

function setField(config, option, token) {
  const { field, join } = option;
  const value = valueOf(option, token);
  config[field] = join ? join(value, config[field]) : value;
}

function valueOf({ name, value: takesValue, is = true, read }, { rawName, value, inlineValue }) {
  if (!takesValue) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, but got '${value}'.`);
    return is;
  }
  // `--title --dev`: the parser would take '--dev' for the title.
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
    throw new UsageError(`${rawName} needs a value: ${rawName}${rawName.startsWith('--') ? '=' : ' '}<${takesValue}>.`);
  }
  return read ? read(value, rawName) : value;
}

function flagOf({ name, node }, value) {
  return node === 'plain' ? [value] : [`--${name}=${value}`];
}

/** A flag of Node's own that stands alone or has its value after a '=', such as --inspect=0, is passed to the processes. */
function nodeFlag({ name, rawName, value }) {
  if (!process.allowedNodeEnvironmentFlags.has(rawName)) throw unknown(name, rawName);
  return value === undefined ? rawName : `${rawName}=${value}`;
}

function unknown(name, rawName) {
  const near = nearest(name, [...byName.keys()]);
  const hint = near ? `Did you mean --${near}?` : 'See cluster-native --help.';
  return new UsageError(`${rawName} is not an option. ${hint}`);
}

module.exports = { parse };
