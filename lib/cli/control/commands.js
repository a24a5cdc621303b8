'use strict';

// The commands for clusters that run: what each is for, and what may be typed after it.
//
// - `operand`: how the help calls the one word that it takes; `read`: its value from that; `isOptional`: it need not be there
// - `options`: those of its own, as in ../options.js
// - `run(cluster, typed)`: what it does, with the result to print; `ofAll`: it is about all clusters, and gets none

const path = require('path');
const { byName, UsageError } = require('../options');

/** So long `stop` waits: for an app with the usual `killTimeout`, workers and alone one after the other. */
const STOP_TIMEOUT_MS = 60_000;

function integer(what, least) {
  return (text, name) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new UsageError(`${name} takes ${what}, but got '${text}'.`);
  };
}

function target(text, name) {
  if (['worker', 'alone', 'all'].includes(text)) return text;
  throw new UsageError(`${name} takes worker, alone or all, but got '${text}'.`);
}

const { read: variable, join: merge } = byName.get('env');

const COMMANDS = {
  ls: {
    help: 'list the clusters of this user on this machine',
    ofAll: true,
    run: () => require('./list').list(),
  },
  top: {
    help: 'show what its processes do, each second; q ends it',
    run: (cluster, typed) => require('./top').top(cluster, typed),
  },
  describe: {
    help: 'show all of one: processes, addresses, counts',
    run: (cluster) => require('./describe').describe(cluster),
  },
  health: {
    help: 'exit with 0 if it is ready, else 1 (HEALTHCHECK)',
    run: (cluster) => require('./orders').health(cluster),
  },
  reload: {
    help: 'replace its workers with new ones, without downtime',
    options: {
      env: { value: 'KEY=VALUE', read: variable, join: merge, help: 'a variable of the new processes; repeatable' },
      exec: { value: 'file', read: (file) => path.resolve(file), help: 'the script that the new workers run' },
      target: { value: 'worker|alone|all', read: target, help: 'what is replaced (worker)' },
    },
    run: (cluster, typed) => require('./orders').reload(cluster, typed),
  },
  scale: {
    help: 'change the number of workers, until all are ready',
    operand: 'count',
    read: integer('a number of workers, 1 or more', 1),
    run: (cluster, typed) => require('./orders').scale(cluster, typed),
  },
  stop: {
    help: 'stop it gracefully, until it ends; again: at once',
    options: {
      timeout: {
        value: 'ms',
        read: integer('a number of milliseconds, 1 or more', 1),
        help: `how long to wait for the end (${STOP_TIMEOUT_MS})`,
      },
    },
    run: (cluster, { timeout = STOP_TIMEOUT_MS }) => require('./stop').stop(cluster, timeout),
  },
  restart: {
    help: 'replace the worker of a slot, the new one first',
    operand: 'slot',
    read: integer('the number of a slot, 1 or more', 1),
    run: (cluster, typed) => require('./restart').restart(cluster, typed),
  },
  kill: {
    help: 'SIGKILL for the worker of a slot, which is replaced',
    operand: 'slot',
    read: integer('the number of a slot, 1 or more', 1),
    run: (cluster, typed) => require('./orders').kill(cluster, typed),
  },
  logs: {
    help: 'show the end of its log files (`output: { file }`)',
    operand: 'slot|alone',
    isOptional: true,
    read: (text, name) => (text === 'alone' ? text : integer('the number of a slot, or alone', 1)(text, name)),
    options: {
      follow: { short: 'f', help: 'and what comes, until the cluster ends' },
      lines: {
        short: 'n',
        value: 'n',
        read: integer('a number of lines', 0),
        help: 'how many lines of each file (15)',
      },
      reopen: { help: 'have it open its files anew, after a rename' },
    },
    run: (cluster, typed) => require('./logs').logs(cluster, typed),
  },
};

/** Those of every command; `ofOne`: not where it is about all clusters. */
const COMMON = {
  title: { value: 'name', ofOne: true, help: 'which cluster, by title; needed if there are several' },
  pid: {
    value: 'pid',
    ofOne: true,
    read: integer("a process id, that of the cluster's app", 1),
    help: "which cluster, by its app's process id",
  },
  user: { value: 'name|uid', help: 'as root: look for clusters of this user' },
  json: { help: 'print the result as JSON' },
  help: { short: 'h', help: 'show this help' },
};

function optionsOf({ options, ofAll }) {
  const common = Object.entries(COMMON).filter(([, { ofOne }]) => !(ofAll && ofOne));
  return { ...options, ...Object.fromEntries(common) };
}

module.exports = { COMMANDS, optionsOf };
