'use strict';

const { parseArgs } = require('util');
const { nearest } = require('../config/nearest');
const { isNodeFlag, WITH_VALUE } = require('./node-flags');
const { byName, ENVIRONMENT, UsageError } = require('./options');

/** The command that may stand before the file. */
const START = 'start';

/** PM2 tells by the name that a file is not the app itself, but says how to run it. */
const CONFIGURATION = /\.(?:json|ya?ml|config\.[cm]?[jt]s)$/;

const parserOptions = Object.fromEntries([
  ...WITH_VALUE.map((name) => [name, { type: 'string', multiple: true }]),
  ...[...byName].map(([name, { short, value }]) => [
    name,
    { type: value ? 'string' : 'boolean', multiple: true, ...(short && { short }) },
  ]),
]);

/**
 * What was typed: `{ config, nodeFlags, configFile?, only?, environment?, help?, version? }`. `config` holds the fields that were
 * given; the file is its `exec`, or the `configFile`. As PM2 has it options may stand before and after the file, and what follows
 * a `--` is for the workers: its `args`, with plain words after the file. Where the first word is behind the `--` it is the file if no
 * configuration names one (withFile()).
 */
function parse(argv) {
  // Not strict: Node's own flags are passed on.
  const { tokens } = parseArgs({ args: argv, options: parserOptions, strict: false, tokens: true });
  const positionals = tokens.filter(({ kind }) => kind === 'positional');
  const end = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? Infinity;
  const isBefore = (word) => word?.index < end;
  const [command] = positionals;
  const words = isBefore(command) && command.value === START ? positionals.slice(1) : positionals;
  const file = isBefore(words[0]) ? words[0] : undefined;
  const typed = { config: {}, nodeFlags: [] };
  const settings = new Settings();
  for (const token of tokens.filter(({ kind }) => kind === 'option')) take(typed, settings, token, file);
  if (file) {
    if (CONFIGURATION.test(file.value) && !typed.configFile) typed.configFile = file.value;
    else typed.config.exec = file.value;
  }
  const args = words.filter((word) => word !== file).map(({ value }) => value);
  if (args.length > 0) typed.config.args = args;
  return typed;
}

/** What was typed, with the file that may be among its words: where neither an option nor a configuration (`exec`) names one. */
function withFile({ config, ...typed }, exec) {
  if (exec !== undefined || !mayNameFile(config)) return { config, ...typed };
  const {
    args: [first, ...args],
    ...others
  } = config;
  return { config: { ...others, exec: first, ...(args.length > 0 && { args }) }, ...typed };
}

/** Whether the first of the words behind a `--` may be the file. */
function mayNameFile({ exec, args }) {
  return exec === undefined && args !== undefined && !args[0].startsWith('-');
}

function take(typed, settings, token, file) {
  const option = optionOf(token);
  if (!option) return void typed.nodeFlags.push(nodeFlag(token, file));
  const value = valueOf(option, token);
  if (option.node) return void typed.nodeFlags.push(...flagOf(option, value));
  settings.add(option, value);
  if (option.ask) typed[option.ask] = value;
  else setField(typed.config, option, value);
}

function optionOf({ name, value }) {
  return name === 'env' && typeof value === 'string' && /^[^-=][^=]*$/.test(value) ? ENVIRONMENT : byName.get(name);
}

/** What each field, or what is asked for, was set to and by which option. */
class Settings {
  #given = new Map();

  /** Throws where one would silently win over another. */
  add(option, value) {
    const what = option.field ?? option.ask;
    const before = this.#given.get(what);
    this.#given.set(what, { option, value });
    if (!before) return;
    if (before.option !== option && !(option.of && before.option.of))
      throw new UsageError(`Give either --${before.option.name} or --${option.name}, not both.`);
    if (!option.join && before.value !== value) {
      throw new UsageError(`--${option.name} is given twice, with ${before.value} and with ${value}. Give it once.`);
    }
  }
}

function setField(config, { field, join }, value) {
  config[field] = join ? join(value, config[field]) : value;
}

function valueOf({ name, value: takesValue, is = true, read, hint = '' }, { rawName, value, inlineValue }) {
  if (!takesValue) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, but got '${value}'.`);
    return is;
  }
  // `--title --dev`: the parser would take '--dev' for the title.
  if (isMissing(value, inlineValue)) {
    const form = `${rawName}${rawName.startsWith('--') ? '=' : ' '}<${takesValue}>`;
    throw new UsageError(`${rawName} needs a value: ${form}.${hint}`);
  }
  return read ? read(value, rawName) : value;
}

/** What looks like an option is none, without a '='. */
function isMissing(value, isInline) {
  return value === undefined || value === '' || (!isInline && value.startsWith('-'));
}

function flagOf({ name, node }, value) {
  return node === 'plain' ? [value] : [`--${name}=${value}`];
}

/** A flag of Node's own that stands alone or has its value after a '=', such as --inspect=0, is passed to the processes. */
function nodeFlag({ name, rawName, value, inlineValue, index }, file) {
  if (!isNodeFlag({ name, rawName })) throw unknown(name, rawName, file && index > file.index);
  if (WITH_VALUE.includes(name) && isMissing(value, inlineValue)) {
    throw new UsageError(`${rawName} needs a value: ${rawName}=<value>.`);
  }
  return value === undefined ? rawName : `${rawName}=${value}`;
}

function unknown(name, rawName, isAfterFile) {
  const ofPm2 = require('./pm2/hints').pm2Hint(name);
  if (ofPm2) return new UsageError(`${rawName} is not an option. ${ofPm2}`);
  const near = nearest(name, [...byName.keys()]);
  const hint = near ? `Did you mean --${near}?` : 'See cluster-native --help.';
  const place = isAfterFile ? ` What is for the workers stands after a --: <file> -- ${rawName}` : '';
  return new UsageError(`${rawName} is not an option. ${hint}${place}`);
}

module.exports = { mayNameFile, parse, withFile };
