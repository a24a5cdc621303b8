'use strict';

// What the native master is told (Config in crates/master/src/config.rs, of the same names), and by it the children: what the
// table of the fields says, and the complete command lines and environment.

const path = require('path');
const { CORE, MASTER, PRELOAD, FIELDS } = require('./fields');
const { ownFlags } = require('./flags');
const { preload } = require('../native/bundled');
const { inspectorPorts } = require('./inspector');
const { LONGEST_TIMER_MS } = require('./kinds');

const ALONE_MAIN = path.join(__dirname, '../preload/alone-main.js');

/** What the master sets for each child itself, and what is meant for this process alone. */
const NOT_FOR_CHILDREN = [
  'YUNFLY_CLUSTER_BOOT',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'YUNFLY_CLUSTER_SLOT',
  'YUNFLY_CLUSTER_FENCE',
  // Of `node --watch`: who has it tells its parent by process.send() what it loads (lib/internal/modules/cjs/loader.js), which
  // is meant for the watching process. To the app these would be messages.
  'WATCH_REPORT_DEPENDENCIES',
  // systemd's.
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PID',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
];

/** What the master itself is told by the environment. It never looks: JS may change the environment meanwhile (crates/master/src/variables.rs). */
const FOR_THE_MASTER = [
  'YUNFLY_LOG',
  'YUNFLY_PORTABLE',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
];
/** Where git has its settings, which say what is not watched. */
const OF_GIT = ['XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM'];

/** PM2's name for the number of an instance. */
const INSTANCE = 'NODE_APP_INSTANCE';

function toNativeConfig(settings) {
  const { cwd, alone, watch, logger } = settings;
  const { launch, waits } = prepare(settings);
  return {
    ...toldTo(MASTER, settings),
    policy: {
      ...toldTo(CORE, settings),
      alone: alone !== undefined,
      // Who waits for a debugger may take as long as it needs.
      ...(waits && { startTimeout: LONGEST_TIMER_MS }),
      ...(!watch && { reloadDelay: undefined }),
    },
    launch,
    watched: watch?.length ? { paths: watch, alone, base: cwd } : undefined,
    control: settings.control ? controlSocket(settings) : undefined,
    log: logger === undefined ? 'stderr' : 'app',
    shown: settings.shown,
    variables: variables(watch),
  };
}

function controlSocket({ title }) {
  const path = require('../native/control-path').ownPath(title);
  return path === undefined ? undefined : { path };
}

/** The part of it that a reload may change: how processes are launched. */
function toLaunch(settings) {
  return prepare(settings).launch;
}

function toldTo(whom, settings) {
  const names = Object.keys(FIELDS).filter((name) => FIELDS[name].to?.includes(whom));
  return Object.fromEntries(names.map((name) => [name, settings[name]]));
}

/** `waits`: the processes run nothing before a debugger is there. */
function prepare(settings) {
  const { cwd, exec, args, alone, aloneConfig, fleet } = settings;
  const env = environment(overlay(settings), settings);
  const instanceVar = instanceVariable(settings, env);
  const { flags, host, port, waits } = inspectorPorts(settings.execArgv ?? ownFlags(), env.NODE_OPTIONS);
  const hasFleet = fleet !== undefined || undefined;
  const told = { ...toldTo(PRELOAD, settings), app: process.pid, hasAlone: alone !== undefined, hasFleet };
  // It may run only while this host has the fleet's lease.
  const isFenced = fleet?.alone === 'fleet' || undefined;
  // Without one of both nobody pays for it.
  const countRequests = settings.maxRequests !== undefined || settings.admin !== undefined || undefined;
  const preloadFile = preload();
  const role = (name, loader, words, boot) => ({
    args: [process.execPath, '--require', preloadFile, ...loaderFlags(loader), ...flags, ...words],
    boot: JSON.stringify({ role: name, ...told, ...boot }),
  });
  const launch = {
    program: process.execPath,
    cwd,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    worker: role('worker', settings.workerLoader, [exec, ...args], {
      instanceVar,
      countRequests,
      randomWorker: hasFleet && settings.randomWorker,
    }),
    alone: alone && role('alone', settings.aloneLoader, [ALONE_MAIN], { path: alone, config: aloneConfig, isFenced }),
    instanceVar,
    inspector: port === undefined ? undefined : { host, port },
  };
  return { launch, waits };
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
  for (const name of NOT_FOR_CHILDREN) delete env[name];
  // That of this process, which may be somebody's worker itself.
  for (const name of [INSTANCE, instanceVar || INSTANCE]) if (!Object.hasOwn(given, name)) delete env[name];
  const present = Object.entries(env).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

function variables(watch) {
  const found = variablesOf(watch ? [...FOR_THE_MASTER, ...OF_GIT] : FOR_THE_MASTER);
  return { ...found, ...(watch && { HOME: home() }) };
}

function variablesOf(names) {
  return Object.fromEntries(names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined));
}

/** Empty for a user that the system doesn't know. */
function home() {
  try {
    return require('os').homedir();
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

module.exports = { toLaunch, toNativeConfig, toldTo, variablesOf };
