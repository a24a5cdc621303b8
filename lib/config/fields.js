'use strict';

// The fields of the configuration. Each has its kind (kinds.js) and
//
// - `default`: what it is where it was not given (`defaults`: in each mode). Where that depends on files, on the environment or on
//   other fields index.js knows it, and there is none here
// - `as`: what becomes of a value, if it doesn't stay as it is
// - `to`: who is told of it, by this name: `CORE`, whose rules act on it (Policy in crates/core/src/types.rs); `MASTER`, the shell around
//   it (Config in crates/master/src/config.rs); `PRELOAD`, in each child (`boot` in lib/preload). What is told otherwise settings.js tells
// - `seen`: what is told of a wrong value, where it may be a secret; else it is shown
// - `flags`: the options of the command line that set it (lib/cli/options.js), with their help, and there what is `usual` without them,
//   if it is no `default`
//
// The sections are those of `cluster-native --help`.

const { bytesOf, ...kinds } = require('./kinds');
const { isObject, MIB, milliseconds, oneOf, orFalse, text, workers, yesOrNo } = kinds;

const [CORE, MASTER, PRELOAD] = ['core', 'master', 'preload'];

const readyWords = oneOf('listening', 'online', 'message');
const outputWords = oneOf('inherit', 'prefix', 'pipe');

const SECTIONS = {
  Processes: {
    enable: { ...yesOrNo, default: true },
    exec: { ...text, allowed: 'the path of the script that each worker runs', required: true },
    args: { ...kinds.texts, default: [], as: (args) => [...args] },
    count: {
      allowed: `${workers(1).allowed}, or 'auto' for one per CPU that this process may use`,
      accepts: (value) => value === 'auto' || workers(1).accepts(value),
      number: 'n',
      words: ['auto'],
      default: 4,
      as: workerCount,
      to: [CORE],
      flags: [{ help: 'workers in production; auto: one per usable CPU' }],
    },
    alone: {
      ...orFalse(text, 'the path of a script or of a folder of scripts, or false for no alone process'),
      flags: [
        {
          value: 'path',
          help: 'script of the alone process, or folder of scripts',
          usual: '--dev: src/alone, else build/alone or dist/alone',
        },
        { is: false, help: 'no alone process' },
      ],
    },
    aloneConfig: kinds.anything,
    standby: {
      ...workers(0),
      default: 0,
      as: (count, mode) => (mode === 'production' ? count : 0),
      to: [CORE],
      flags: [{ help: 'number of standby workers' }],
    },
    title: {
      ...kinds.title,
      to: [MASTER, PRELOAD],
      flags: [{ value: 'name', help: 'name of the cluster', usual: 'yunfly-<package>' }],
    },
    cwd: {
      ...text,
      allowed: 'the path of a folder',
      flags: [{ value: 'path', help: 'working folder; paths are relative to it' }],
    },
    env: {
      ...kinds.environment,
      default: {},
      as: (env) => ({ ...env }),
      flags: [{ value: 'KEY=VALUE', help: 'a variable for alone and workers; repeatable' }],
    },
    instanceVar: {
      allowed: 'the name of an environment variable, or false for none',
      accepts: (value) => value === false || (kinds.isString(value) && !value.includes('=')),
      flags: [
        { value: 'name', help: "variable for a worker's number", usual: 'NODE_APP_INSTANCE' },
        { is: false, help: 'no such variable' },
      ],
    },
    balance: {
      ...oneOf('auto', 'round-robin', 'shared', 'sticky'),
      default: 'auto',
      to: [CORE],
      flags: [{ help: 'which worker gets a connection' }],
    },
    listenFds: {
      ...kinds.descriptors,
      default: [],
      as: (fds) => [...fds],
      to: [MASTER],
      flags: [{ name: 'listen-fd', value: 'n', help: 'a descriptor that workers may listen on; repeatable' }],
    },
    randomWorker: {
      ...orFalse(oneOf('worker', 'process'), "'worker', 'process', or false to choose no worker automatically"),
      default: 'worker',
      as: (where) => where || 'never',
      to: [CORE],
      flags: [{ help: 'where the chosen worker gets the message' }, { is: false, help: 'choose none automatically' }],
    },
    output: {
      allowed:
        `${outputWords.allowed}, or { file, outFile, errorFile, maxSize, keep } with one file at least, as paths in which {slot} and ` +
        "{instance} differ; maxSize: false, a number of bytes, or a text like '10M', 4 KiB or more; keep, with maxSize: 1 to 1000",
      accepts: (value) => outputWords.accepts(value) || (isObject(value) && require('./output-files').accepts(value)),
      default: 'inherit',
      as: (value) => (isObject(value) ? require('./output-files').settled(value) : value),
      to: [MASTER],
      flags: [
        { words: ['inherit', 'prefix'], help: 'prefix: each line begins with its process' },
        { name: 'output-file', value: 'path', help: 'write it to a file; {slot}: one per worker' },
        { name: 'output-max-size', value: 'size', help: 'begin another file at so much, such as 10M', usual: 'never' },
        { name: 'output-keep', value: 'n', help: 'how many full files stay', usual: '5' },
      ],
    },
    logger: kinds.logger,
    pidFile: {
      ...text,
      allowed: 'the path of a file',
      flags: [{ value: 'path', help: "file for the app's pid, while the cluster is ready" }],
    },
    notifyParent: {
      ...yesOrNo,
      default: false,
      flags: [{ is: true, name: 'notify-parent', help: "tell PM2 'ready', hear its 'shutdown'" }],
    },
  },
  'Mode (by default NODE_ENV decides)': {
    mode: {
      ...oneOf('production', 'development'),
      to: [CORE, PRELOAD],
      flags: [
        { name: 'dev', is: 'development', help: 'development: one worker, reloaded on change' },
        { name: 'prod', is: 'production', help: 'production' },
      ],
    },
    watch: {
      allowed: 'true, false, or the path of a file or folder, or an array of such paths',
      accepts: (value) =>
        typeof value === 'boolean' || kinds.isString(value) || (Array.isArray(value) && value.every(kinds.isString)),
      flags: [
        { value: 'path', help: 'development: watch this; repeatable' },
        { is: false, help: 'development: watch nothing' },
      ],
    },
    reloadDelay: {
      ...milliseconds(0),
      default: 500,
      to: [CORE],
      flags: [{ help: 'development: time from last change to restart' }],
    },
  },
  Supervision: {
    ready: {
      allowed:
        `${readyWords.allowed}, { port: a port or an array of ports, 1 to 65535, that its servers listen on } ` +
        'or { path: that of the unix socket }',
      accepts: (value) => readyWords.accepts(value) || kinds.isPlace(value),
      default: 'listening',
      as: (ready) => (ready.port === undefined ? ready : { port: [ready.port].flat() }),
      to: [CORE, PRELOAD],
      flags: [
        { words: readyWords.words, help: 'when a worker is ready' },
        { name: 'ready-port', value: 'n', help: 'ready when it listens on this port; repeatable' },
      ],
    },
    startTimeout: {
      ...milliseconds(1),
      default: 60_000,
      to: [CORE],
      flags: [{ help: 'how long a process may take to be ready' }],
    },
    killTimeout: {
      ...milliseconds(1),
      defaults: { production: 25_000, development: 5000 },
      to: [CORE, PRELOAD],
      flags: [{ help: 'how long a stopping process may take' }],
    },
    crashTimeout: {
      ...milliseconds(1),
      default: 2000,
      to: [CORE, PRELOAD],
      flags: [{ help: 'the same after an uncaught exception' }],
    },
    streamTimeout: {
      ...milliseconds(0),
      default: 5000,
      to: [PRELOAD],
      flags: [{ help: 'how long streams and WebSockets may stay then' }],
    },
    workTimeout: {
      ...orFalse(milliseconds(0), `false, or ${milliseconds(0).allowed}`),
      default: false,
      to: [PRELOAD],
    },
    stopSignal: {
      ...orFalse(
        oneOf('SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'),
        "'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', or false for never",
      ),
      to: [PRELOAD],
      flags: [
        { value: 'signal', help: "its listeners are the app's shutdown code", usual: 'SIGTERM' },
        { is: false, help: 'never call the signal listeners' },
      ],
    },
    reloadTarget: {
      ...oneOf('worker', 'alone', 'all'),
      default: 'worker',
      to: [MASTER],
      flags: [{ help: 'what a reload (SIGHUP) replaces' }],
    },
    handleSignals: { ...yesOrNo, default: true, to: [MASTER] },
    shutdownDelay: {
      ...milliseconds(0),
      default: 0,
      to: [CORE],
      flags: [{ help: 'keep serving this long after a signal' }],
    },
    minUptime: { ...milliseconds(0), default: 1000, to: [CORE] },
    limit: {
      ...kinds.seconds,
      default: 60,
      as: (seconds) => seconds * 1000,
      to: [CORE],
      flags: [{ help: 'how long to retry a slot that keeps failing' }],
    },
    aloneLimit: {
      ...orFalse(kinds.seconds, `false, or ${kinds.seconds.allowed}`),
      default: false,
      as: (seconds, mode) => (mode === 'production' && seconds !== false ? seconds * 1000 : undefined),
      to: [CORE],
      flags: [{ help: 'exit if the alone keeps dying for this long' }],
    },
    refork: {
      ...yesOrNo,
      default: true,
      as: (refork, mode) => mode === 'production' && refork,
      to: [CORE],
      flags: [{ is: false, help: 'do not replace workers that die' }],
    },
    hangTimeout: {
      ...orFalse(milliseconds(1000), `false, or ${milliseconds(1000).allowed}`),
      default: false,
      as: (timeout) => timeout || undefined,
      to: [CORE, PRELOAD],
      flags: [{ help: 'replace a worker blocked for longer than this' }],
    },
    maxMemory: {
      ...kinds.size,
      default: false,
      as: (size) => (size ? bytesOf(size) : undefined),
      to: [CORE],
      flags: [{ value: 'size', help: 'replace a worker that uses more, such as 512M' }],
    },
    maxRequests: {
      ...kinds.requests,
      default: false,
      as: (requests, mode) => (mode === 'production' && requests) || undefined,
      to: [CORE],
      flags: [{ help: 'replace a worker after so many requests' }],
    },
    maxAge: {
      ...orFalse(milliseconds(1000), `false, or ${milliseconds(1000).allowed}`),
      default: false,
      as: (age, mode) => (mode === 'production' && age) || undefined,
      to: [CORE],
      flags: [{ help: 'replace a worker that is older' }],
    },
  },
  'More than one machine': {
    fleet: {
      allowed: 'false, or an object with `url` or `servers`',
      accepts: (value) => value === false || isObject(value),
      seen: kinds.kindOf,
      flags: [{ value: 'url', help: 'one alone for all hosts, by NATS; repeatable' }],
    },
  },
  'Looking at it': {
    control: { ...yesOrNo, default: true, flags: [{ is: false, help: 'no control socket' }] },
    admin: {
      allowed:
        'false, a port, or { port, host } or { path }, with page, readyWorkers and allowedHosts; host: an IP address or localhost',
      accepts: (value) => value === false || require('./admin').accepts(value),
      default: false,
      as: (value) => (value === false ? undefined : require('./admin').settled(value)),
      to: [MASTER],
      flags: [{ value: '[host:]port|path', help: 'health, metrics and statistics over HTTP' }],
    },
  },
  'Node.js': {
    execArgv: { ...kinds.texts, as: (flags) => flags && [...flags] },
    compileCache: {
      allowed: 'true, false, or the path of a folder',
      accepts: (value) => typeof value === 'boolean' || kinds.isString(value),
    },
  },
  Messages: {
    maxMessageBytes: { ...kinds.bytes(kinds.KIB, 512 * MIB), default: 64 * MIB, to: [MASTER] },
    serialization: { ...oneOf('json', 'advanced'), default: 'json', to: [PRELOAD] },
  },
};

const FIELDS = Object.assign({}, ...Object.values(SECTIONS));

function workerCount(count, mode) {
  if (mode === 'development') return 1;
  return count === 'auto' ? require('./cpus').usableCpus() : count;
}

module.exports = { CORE, MASTER, PRELOAD, FIELDS, SECTIONS };
