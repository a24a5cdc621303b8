'use strict';

const { COMMANDS, optionsOf } = require('./commands');

const EXIT_CODES = `Exit codes: 0 done, 1 it failed or is not ready, 2 what was typed is wrong,
3 there is no such cluster.`;

const NAME_WIDTH = 26;

/** What is too long has its help on a line of its own. */
const line = (name, help) =>
  name.length + 4 > NAME_WIDTH
    ? `  ${name}\n${' '.repeat(NAME_WIDTH)}${help}`
    : `  ${name.padEnd(NAME_WIDTH - 2)}${help}`;

function shape(value, optional) {
  if (!value) return '';
  return optional ? ` [${value}]` : ` <${value}>`;
}

const operandOf = ({ operand, isOptional, second }) => {
  const first = isOptional ? `[${operand}]` : operand && `<${operand}>`;
  return second ? `${first} [${second}]` : first;
};

/** Of one command. */
function help(name) {
  const { help: what } = COMMANDS[name];
  const options = Object.entries(optionsOf(COMMANDS[name])).map(([option, { value, optional, short, help: said }]) =>
    line(`${short ? `-${short}, ` : ''}--${option}${shape(value, optional)}`, said),
  );
  return [
    ['Usage: cluster-native', name, operandOf(COMMANDS[name]), '[options]'].filter(Boolean).join(' '),
    '',
    `${what[0].toUpperCase()}${what.slice(1)}.`,
    '',
    ...options,
    '',
    EXIT_CODES,
  ].join('\n');
}

/** What the help of a start says of them. */
function overview() {
  const commands = Object.entries(COMMANDS).map(([name, command]) =>
    line([name, operandOf(command)].filter(Boolean).join(' '), command.help),
  );
  return [
    'For clusters that run (cluster-native <command> --help):',
    ...commands,
    'A script of such a name: cluster-native start reload, or ./reload',
  ].join('\n');
}

module.exports = { help, overview };
