'use strict';
// The commands in ```sh blocks: which of them a test runs, and which it only knows.

const { parse } = require('../../lib/cli/arguments');
const { CONTROL_COMMANDS } = require('../../lib/cli/control/names');
const control = require('../../lib/cli/control/parse');

/** What is not run, as it needs the network, a container, an init system or a cluster of machines, or acts on a process that the
 *  reader has: only the program's name is looked at, of `npm run …` also the script's. */
const KNOWN = [
  ...['npm', 'yarn', 'pnpm', 'git', 'curl', 'ab', 'autocannon'],
  ...['docker', 'kubectl', 'systemctl', 'journalctl', 'pm2', 'egg-scripts', 'next', 'apt-get', 'apk'],
  ...['cd', 'mkdir', 'ln', 'mv', 'cp', 'rm', 'cat', 'echo', 'export', 'kill', 'ps', 'ulimit', 'tail', 'less'],
];
/** Its `npx cluster-native`, `npx tsx` and `node` are run, except in a fragment. */
const RUN = ['node', 'tsx', 'cluster-native'];

const ASSIGNMENT = /^(\w+)=(.*)$/;
const WORD = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g;

/** One command: `words` without the assignments before it, which are `env`. */
function command(text, snippet) {
  const words = (text.match(WORD) ?? []).map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  const first = words.findIndex((word) => !ASSIGNMENT.test(word));
  const env = Object.fromEntries(words.slice(0, Math.max(first, 0)).map((word) => ASSIGNMENT.exec(word).slice(1)));
  const typed = first < 0 ? [] : words.slice(first);
  const [program, ...args] = ['npx', 'sudo', 'exec'].includes(typed[0]) ? typed.slice(1) : typed;
  const isInstalled = program === 'node' && args[0]?.startsWith('node_modules/');
  return {
    where: snippet.where,
    text,
    words: [program, ...args],
    env,
    isRun: RUN.includes(program) && !isInstalled && !snippet.isFragment,
  };
}

/** The commands of a block, one line each; a line that ends with a backslash goes on. */
function commands(snippet) {
  const lines = snippet.code
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/(^|\s)#.*$/, '')
        .trim(),
    );
  return lines
    .filter(Boolean)
    .flatMap((line) => line.split(/ (?:&&|\|\||\||;) /).map((text) => command(text, snippet)));
}

/** Why a command is not one that documents may show; undefined if it is. */
function fault({ words: [program, ...args], isRun, text, where }, scripts) {
  const said = `${where} ${text}`;
  if (isRun && text.includes('$')) return `${said}: cannot be run as it stands; mark it as a fragment`;
  if (![...KNOWN, ...RUN].includes(program)) return `${said}: ${program} is not known; see scripts/docs/shell.js`;
  if (program === 'npm') return scriptFault(said, args, scripts);
  return program === 'cluster-native' ? optionFault(said, args) : undefined;
}

function scriptFault(said, [verb, name], scripts) {
  if (!['run', 'start', 'test'].includes(verb) || scripts.includes(verb === 'run' ? name : verb)) return undefined;
  return `${said}: there is no such script`;
}

function optionFault(said, args) {
  try {
    if (CONTROL_COMMANDS.includes(args[0])) control.parse(args);
    else parse(args);
    return undefined;
  } catch (error) {
    return `${said}: ${error.message}`;
  }
}

module.exports = { commands, fault };
