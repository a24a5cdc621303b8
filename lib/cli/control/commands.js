'use strict';

// The commands for clusters that run: what each is for, and what may be typed after it.
//
// - `operand`: how the help calls the one word that it takes; `read`: its value from that; `isOptional`: it need not be there
// - `second`: how the help calls a second word, which need not be there; `takesSecond(operand)`: whether it may
// - `options`: those of its own, as in ../options.js
// - `optional` of an option: what its value looks like, which may be left out: it is `true` then
// - `run(cluster, typed)`: what it does, with the result to print; `ofAll`: it is about all clusters, and gets none

const path = require('path');
const { LONGEST_MS } = require('../../config/profile');
const { byName, UsageError } = require('../options');

/** So long `stop` waits, and `fleet` for a host: for an app with the usual `killTimeout`, workers and alone one after the other. */
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

/** With its unit, so that it cannot be taken for a slot. */
const DURATION = /^\d{1,6}(ms|s|m|min)$/;
const UNITS_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000 };

function milliseconds(text, name) {
  const [, unit] = DURATION.exec(text) ?? [];
  const ms = unit && Number.parseInt(text, 10) * UNITS_MS[unit];
  if (ms >= 1 && ms <= LONGEST_MS) return ms;
  throw new UsageError(`${name} takes a duration such as 500ms, 10s or 2min, 10min at most, but got '${text}'.`);
}

/** What `fleet` may be told, and whether a host may follow. */
const FLEET = { ls: false, alone: false, move: true, drain: true, resume: true };

function fleetAction(text, name) {
  if (Object.hasOwn(FLEET, text)) return text;
  throw new UsageError(`${name} takes ${Object.keys(FLEET).join(', ')}, but got '${text}'.`);
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
      target: { value: 'worker|alone|all', read: target, help: 'what is replaced (reloadTarget)' },
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
    run: (cluster, typed) => require('./orders').restart(cluster, typed),
  },
  kill: {
    help: 'SIGKILL for the worker of a slot, which is replaced',
    operand: 'slot',
    read: integer('the number of a slot, 1 or more', 1),
    run: (cluster, typed) => require('./orders').kill(cluster, typed),
  },
  profile: {
    help: 'write a profile of one process, for DevTools',
    operand: 'slot|alone',
    read: (text, name) => (text === 'alone' ? text : integer("the number of a slot, or 'alone'", 1)(text, name)),
    options: {
      cpu: { value: '10s', optional: DURATION, read: milliseconds, help: 'where its JavaScript spends its time' },
      heap: { help: 'all that it holds; another worker takes its place first' },
      'heap-sampling': { value: '10s', optional: DURATION, read: milliseconds, help: 'who allocates what it holds' },
      report: { help: "Node's diagnostic report" },
      output: { value: 'file', help: 'a new file; by default one here, with a name that says what it is' },
      'in-place': { help: 'for --heap: stop it for that, without a successor' },
    },
    run: (cluster, typed) => require('./profile').profile(cluster, typed),
  },
  fleet: {
    help: 'its fleet, and who has the alone',
    operand: Object.keys(FLEET).join('|'),
    second: 'host',
    takesSecond: (action) => FLEET[action],
    read: fleetAction,
    options: {
      timeout: {
        value: 'ms',
        read: integer('a number of milliseconds, 1 or more', 1),
        help: `how long to wait until it is done (${STOP_TIMEOUT_MS})`,
      },
    },
    run: (cluster, typed) => require('./fleet').fleet(cluster, { timeout: STOP_TIMEOUT_MS, ...typed }),
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
