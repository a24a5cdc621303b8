'use strict';

const { parseArgs } = require('util');
const { nearest } = require('../../config/nearest');
const { UsageError } = require('../options');
const { COMMANDS, optionsOf } = require('./commands');

/** What was typed: `{ name, operand?, title?, pid?, … }`. The first word is one of the commands. */
function parse([name, ...args]) {
  const command = COMMANDS[name];
  const options = optionsOf(command);
  const forParser = Object.entries(options).map(([option, { value, optional, short }]) => [
    option,
    { type: value && !optional ? 'string' : 'boolean', ...(short && { short }) },
  ]);
  const { tokens } = parseArgs({
    args: joined(args, options),
    options: Object.fromEntries(forParser),
    strict: false,
    tokens: true,
  });
  const typed = { name };
  for (const token of tokens) if (token.kind === 'option') take(typed, options, token);
  const words = tokens.filter(({ kind }) => kind === 'positional').map(({ value }) => value);
  return typed.help ? typed : { ...typed, ...operandOf(name, command, words) };
}

/** `--cpu 10s` as `--cpu=10s`: what follows is its value only if it looks like one. */
function joined(args, options) {
  const optionalOf = (arg) => (arg?.startsWith('--') ? options[arg.slice(2)]?.optional : undefined);
  return args.flatMap((arg, i) => {
    if (optionalOf(args[i - 1])?.test(arg)) return [];
    return optionalOf(arg)?.test(args[i + 1]) ? [`${arg}=${args[i + 1]}`] : [arg];
  });
}

function take(typed, options, { name, rawName, value, inlineValue }) {
  if (!Object.hasOwn(options, name)) throw unknown(typed.name, rawName, nearest(name, Object.keys(options)));
  const { value: takes, optional, read = String, join } = options[name];
  if (optional && value === undefined) {
    typed[name] = true;
    return;
  }
  if (!takes) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, but got '${value}'.`);
    typed[name] = true;
    return;
  }
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
    throw new UsageError(`${rawName} needs a value: ${rawName}=<${takes}>.`);
  }
  const said = read(value, rawName);
  if (!join && name in typed && typed[name] !== said) {
    throw new UsageError(`${rawName} is given twice, with ${typed[name]} and with ${said}. Give it once.`);
  }
  typed[name] = join ? join(said, typed[name]) : said;
}

function unknown(command, rawName, near) {
  const hint = near ? `Did you mean --${near}?` : `See cluster-native ${command} --help.`;
  return new UsageError(`${rawName} is not an option of ${command}. ${hint}`);
}

function operandOf(name, command, words) {
  const { operand, isOptional, read, second, takesSecond } = command;
  const [first] = words;
  const most = operand ? 1 : 0;
  if (second && words.length === 2) {
    const value = read(first, name);
    if (takesSecond(value)) return { operand: value, second: words[1] };
  }
  if (words.length > most) {
    const extra = words[second && takesSecond(read(first, name)) ? 2 : most];
    const remedy = `To run a script named ${name}: cluster-native start ${name}, or ./${name}`;
    throw new UsageError(`${name} does not take '${extra}'. See cluster-native ${name} --help. ${remedy}`);
  }
  if (!operand || (isOptional && first === undefined)) return {};
  if (first === undefined) throw new UsageError(`${name} needs the ${operand}: cluster-native ${name} <${operand}>`);
  return { operand: read(first, name) };
}

module.exports = { parse };
