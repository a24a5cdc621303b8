'use strict';

// What the native master is told: the complete command lines and environment of the children.

const os = require('os');
const path = require('path');
const { ownFlags } = require('./flags');
const { inspectorPorts } = require('./inspector');

/** As good as none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const PRELOAD = path.join(__dirname, '../preload/index.js');
const ALONE_MAIN = path.join(__dirname, '../preload/alone-main.js');

/** What the master sets for each child itself; what this process got of them is not for its children. */
const OF_THE_MASTER = [
  'YUNFLY_CLUSTER_BOOT',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'YUNFLY_CLUSTER_SLOT',
  // Of `node --watch`: who has it tells its parent by process.send() what it loads (lib/internal/modules/cjs/loader.js), which
  // is meant for the watching process. To the app these would be messages.
  'WATCH_REPORT_DEPENDENCIES',
];

/** What the master itself is told by the environment. It never looks: JS may change the environment meanwhile (crates/master/src/variables.rs). */
const FOR_THE_MASTER = ['YUNFLY_LOG', 'YUNFLY_PORTABLE', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID'];
/** Where git has its settings, which say what is not watched. */
const OF_GIT = ['XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM'];

/** PM2's name for the number of an instance. */
const INSTANCE = 'NODE_APP_INSTANCE';

function toNativeConfig(settings) {
  const { title, killTimeout, cwd, exec, args, alone, aloneConfig, ready, hangTimeout, serialization } = settings;
  const changes = overlay(settings);
  const env = environment(changes, settings);
  const instanceVar = instanceVariable(settings, env);
  const { flags, host, port, waits } = inspectorPorts(settings.execArgv ?? ownFlags(), env.NODE_OPTIONS);
  const { crashTimeout, streamTimeout, stopSignal } = settings;
  const boot = { title, app: process.pid, killTimeout, crashTimeout, streamTimeout, stopSignal, ...(settings.mode === 'development' && { mode: settings.mode }), ...(serialization === 'advanced' && { serialization }) };
  return {
    execPath: process.execPath,
    cwd,
    env,
    variables: variables(settings.watch),
    instanceVar,
    workerArgv: ['--require', PRELOAD, ...loaderFlags(settings.workerLoader), ...flags, exec, ...args],
    workerBoot: JSON.stringify({ role: 'worker', ...boot, ready, hangTimeout, instanceVar }),
    ...(alone && {
      alonePath: alone,
      aloneArgv: ['--require', PRELOAD, ...loaderFlags(settings.aloneLoader), ...flags, ALONE_MAIN],
      aloneBoot: JSON.stringify({ role: 'alone', ...boot, path: alone, config: aloneConfig }),
    }),
    mode: settings.mode,
    count: settings.count,
    balance: settings.balance,
    listenFds: settings.listenFds,
    standby: settings.standby,
    refork: settings.refork,
    ready,
    randomWorker: settings.randomWorker || undefined,
    limit: settings.limit,
    startTimeout: waits ? LONGEST_TIMER_MS : settings.startTimeout,
    killTimeout,
    crashTimeout,
    shutdownDelay: settings.shutdownDelay,
    minUptime: settings.minUptime,
    hangTimeout,
    maxMemory: settings.maxMemory,
    maxMessageBytes: settings.maxMessageBytes,
    title,
    output: settings.output === 'inherit' ? 'inherit' : 'pipe',
    logger: settings.logger !== undefined,
    watch: settings.watch,
    reloadDelay: settings.reloadDelay,
    inspectHost: host,
    inspectPort: port,
  };
}

/** `{ require, import, loader }` as flags. */
function loaderFlags(loader) {
  return Object.entries(loader ?? {}).flatMap(([flag, modules]) => modules.flatMap((module) => [`--${flag}`, module]));
}

/** What the config says has the last word. */
function overlay({ compileCache, output, env }) {
  const color = output === 'prefix' ? require('../output/terminal').forcedColor({ ...process.env, ...env }) : undefined;
  return { ...(compileCache && { NODE_COMPILE_CACHE: compileCache }), ...(color && { FORCE_COLOR: color }), ...env };
}

function environment(changes, { env: given, instanceVar }) {
  const env = { ...process.env, ...changes };
  for (const name of OF_THE_MASTER) delete env[name];
  // That of this process, which may be somebody's worker itself.
  for (const name of [INSTANCE, instanceVar || INSTANCE]) if (!Object.hasOwn(given, name)) delete env[name];
  const present = Object.entries(env).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

function variables(watch) {
  const names = watch ? [...FOR_THE_MASTER, ...OF_GIT] : FOR_THE_MASTER;
  const found = names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(found), ...(watch && { HOME: home() }) };
}

/** Empty for a user that the system doesn't know. */
function home() {
  try {
    return os.homedir();
  } catch {
    return '';
  }
}

/** The variable that tells a worker its number; undefined: there is none. What `env` says of it, its removal too, comes first. */
function instanceVariable({ instanceVar, env: given }, env) {
  // The npm package `config` refuses to start in its strict mode if no file is named after NODE_APP_INSTANCE.
  const name = instanceVar ?? (env.NODE_CONFIG_STRICT_MODE ? false : INSTANCE);
  return name === false || Object.hasOwn(given, name) ? undefined : name;
}

module.exports = { toNativeConfig };
