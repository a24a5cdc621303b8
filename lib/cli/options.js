'use strict';

// The options of the command line: each sets a field of the cluster's configuration, unless it says otherwise. What a value
// may be is checked with the configuration; here only what a text cannot be turned into.

/** What was typed is wrong: exit code 2. */
class UsageError extends Error {}

function number(text, option) {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`${option} takes a number, but got '${text}'.`);
  return Number(text);
}

const countOf = (text, option) => (text === 'auto' ? text : number(text, option));
const sizeOf = (text) => (/^\d+$/.test(text) ? Number(text) : text);

/** a, b or c */
const alternatives = (words) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

function oneOf(...words) {
  return (text, option) => {
    if (!words.includes(text)) throw new UsageError(`${option} takes ${alternatives(words)}, but got '${text}'.`);
    return text;
  };
}

/** Several of them are one array. */
const append = (value, before) => [...(before ?? []), value];

/** KEY=VALUE; the value may hold a '='. */
function variable(text, option) {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${option} takes KEY=VALUE, but got '${text}'.`);
  return { [text.slice(0, at)]: text.slice(at + 1) };
}

const merge = (value, before) => ({ ...before, ...value });

const BALANCES = ['auto', 'round-robin', 'shared', 'sticky'];
const READY = ['listening', 'online', 'message'];
const RANDOM_WORKER = ['worker', 'process'];

/**
 * - `value`: how the help calls the option's value; without it the option has none, and sets `is`
 * - `read`: the value from its text; `join`: how it comes together with what the field has
 */
const OPTIONS = [
  { group: 'Processes' },
  { name: 'count', field: 'count', value: 'n|auto', read: countOf, help: 'workers in production; auto: the usable CPUs' },
  { name: 'alone', field: 'alone', value: 'path', help: 'script of the alone process, or folder of scripts' },
  { name: 'no-alone', field: 'alone', is: false, help: 'no alone process' },
  { name: 'standby', field: 'standby', value: 'n', read: number, help: 'workers that stand by' },
  { name: 'title', field: 'title', value: 'name', help: 'name of the cluster' },
  { name: 'cwd', field: 'cwd', value: 'path', help: 'working folder; paths are relative to it' },
  { name: 'env', field: 'env', value: 'KEY=VALUE', read: variable, join: merge, help: 'a variable for alone and workers; repeatable' },
  { name: 'instance-var', field: 'instanceVar', value: 'name', help: 'which variable tells a worker its number' },
  { name: 'no-instance-var', field: 'instanceVar', is: false, help: 'none does' },
  { name: 'balance', field: 'balance', value: BALANCES.join('|'), read: oneOf(...BALANCES), help: 'which worker gets a connection' },
  { name: 'listen-fd', field: 'listenFds', value: 'n', read: number, join: append, help: 'a descriptor that workers may listen on; repeatable' },
  { name: 'random-worker', field: 'randomWorker', value: RANDOM_WORKER.join('|'), read: oneOf(...RANDOM_WORKER), help: 'where the chosen worker hears of it' },
  { name: 'no-random-worker', field: 'randomWorker', is: false, help: 'choose no worker by itself' },
  { name: 'output', field: 'output', value: 'inherit|prefix', read: oneOf('inherit', 'prefix'), help: 'prefix: each line tells its process' },
  { group: 'Mode (by default NODE_ENV decides)' },
  { name: 'dev', field: 'mode', is: 'development', help: 'development: one worker, reloaded on change' },
  { name: 'prod', field: 'mode', is: 'production', help: 'production' },
  { name: 'watch', field: 'watch', value: 'path', join: append, help: 'development: watch this; repeatable' },
  { name: 'no-watch', field: 'watch', is: false, help: 'development: watch nothing' },
  { name: 'reload-delay', field: 'reloadDelay', value: 'ms', read: number, help: 'development: from the last change to the reload' },
  { group: 'Supervision' },
  { name: 'ready', field: 'ready', value: READY.join('|'), read: oneOf(...READY), help: 'when a worker is ready' },
  { name: 'start-timeout', field: 'startTimeout', value: 'ms', read: number, help: 'how long a process may take to be ready' },
  { name: 'kill-timeout', field: 'killTimeout', value: 'ms', read: number, help: 'how long it may take to finish' },
  { name: 'crash-timeout', field: 'crashTimeout', value: 'ms', read: number, help: 'the same after an uncaught exception' },
  { name: 'stream-timeout', field: 'streamTimeout', value: 'ms', read: number, help: 'how long event streams and WebSockets may stay then' },
  { name: 'stop-signal', field: 'stopSignal', value: 'signal', read: String, help: "whose listeners are the app's own way to end" },
  { name: 'no-stop-signal', field: 'stopSignal', is: false, help: 'never call its signal listeners' },
  { name: 'shutdown-delay', field: 'shutdownDelay', value: 'ms', read: number, help: 'go on accepting so long after a signal' },
  { name: 'limit', field: 'limit', value: 's', read: number, help: 'how long a dying worker is forked again' },
  { name: 'no-refork', field: 'refork', is: false, help: 'do not replace workers that die' },
  { name: 'hang-timeout', field: 'hangTimeout', value: 'ms', read: number, help: 'replace a worker that stands still longer' },
  { name: 'max-memory', field: 'maxMemory', value: 'size', read: sizeOf, help: 'replace a worker that holds more, as 512M' },
  { group: 'Node.js' },
  { name: 'require', short: 'r', node: true, value: 'module', help: "node's own, for alone and workers; repeatable" },
  { name: 'import', node: true, value: 'module', help: "node's own, likewise" },
  { name: 'exec-argv', node: 'plain', value: 'flag', help: 'any flag: --exec-argv=--expose-gc; repeatable' },
  { group: 'Command' },
  { name: 'config', ask: 'config', value: 'file', help: 'configuration: a .js, .cjs, .mjs or .json file' },
  { name: 'help', short: 'h', ask: 'help', help: 'show this' },
  { name: 'version', short: 'v', ask: 'version', help: 'show the version' },
];

const byName = new Map(OPTIONS.filter(({ name }) => name).map((option) => [option.name, option]));

module.exports = { OPTIONS, byName, UsageError };
