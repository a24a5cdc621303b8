'use strict';

// What the native master is told: the complete command lines and environment of the children.

const path = require('path');

const PRELOAD = path.join(__dirname, 'preload', 'index.js');
const ALONE_MAIN = path.join(__dirname, 'preload', 'alone-main.js');

/** What the master sets for each child itself; what this process got of them is not for its children. */
const OF_THE_MASTER = [
  'YUNFLY_CLUSTER_BOOT',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NODE_APP_INSTANCE',
];

const INSPECTOR = /^--inspect(?:-brk|-port|-wait)?(?:=|$)|^--debug-port(?:=|$)/;

function toNativeConfig(settings) {
  const { title, killTimeout, cwd, exec, args, alone, aloneConfig, ready, hangTimeout, serialization } = settings;
  const flags = settings.execArgv ?? inheritedFlags();
  const boot = { title, killTimeout, ...(serialization === 'advanced' && { serialization }) };
  return {
    execPath: process.execPath,
    cwd,
    env: environment({ ...(settings.compileCache && { NODE_COMPILE_CACHE: settings.compileCache }), ...settings.env }),
    workerArgv: ['--require', PRELOAD, ...flags, exec, ...args],
    workerBoot: JSON.stringify({ role: 'worker', ...boot, ready, hangTimeout }),
    ...(alone && {
      aloneArgv: ['--require', PRELOAD, ...flags, ALONE_MAIN],
      aloneBoot: JSON.stringify({ role: 'alone', ...boot, path: alone, config: aloneConfig }),
    }),
    mode: settings.mode,
    count: settings.count,
    balance: settings.balance,
    standby: settings.standby,
    refork: settings.refork,
    ready,
    limit: settings.limit,
    startTimeout: settings.startTimeout,
    killTimeout,
    shutdownDelay: settings.shutdownDelay,
    minUptime: settings.minUptime,
    hangTimeout,
    maxMemory: settings.maxMemory,
    maxMessageBytes: settings.maxMessageBytes,
    title,
  };
}

function environment(overlay) {
  const env = { ...process.env, ...overlay };
  for (const name of OF_THE_MASTER) delete env[name];
  const given = Object.entries(env).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** The app's own flags, but not the code of `node --eval`, as child_process.fork() does; and a free inspector port for
 *  each child, as the app has its own in use. */
function inheritedFlags() {
  const flags = [...process.execArgv];
  const code = flags.lastIndexOf(process._eval);
  if (process._eval != null && code > 0) flags.splice(code - 1, 2);
  const options = (process.env.NODE_OPTIONS ?? '').split(/\s+/);
  if ([...flags, ...options].some((option) => INSPECTOR.test(option))) flags.push('--inspect-port=0');
  return flags;
}

module.exports = { toNativeConfig };
