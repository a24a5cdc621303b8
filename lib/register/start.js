'use strict';

// Starting a worker: what `child_process.fork` makes of the settings (createWorkerProcess in lib/internal/cluster/primary.js, fork in
// lib/child_process.js), with a channel of the master's.

const { ChildProcess, spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { fileURLToPath } = require('url');
const { inspect } = require('util');
const timers = require('../real-timers');
const { PRELOAD } = require('../native/bundled');
const { warn } = require('../warn');
const { withoutRegister } = require('./exec-argv');
const { nodeError } = require('./node-error');

const PRELOADS = {
  forked: path.join(__dirname, '../preload/forked.cjs'),
  worker: PRELOAD,
};
const HIGHEST_PORT = 65535;
const LOWEST_PORT = 1024;

/** The file that workers are watched by, which was told. */
let isGone = false;

/** How many inspector ports were given: one more for each fork, and none twice. */
let debugPortOffset = 1;

/** @returns the ChildProcess, with its channel */
function start(channels, id, env, settings, boot) {
  const { exec, args, cwd, uid, gid, windowsHide } = settings;
  const execArgv = [...settings.execArgv, ...inspectorFlags(settings)];
  const needed = withoutRegister(execArgv);
  const told = needed.length < execArgv.length ? { ...boot, execArgv } : boot;
  const argv = [...preloading(boot), ...needed, pathOf(exec), ...argsOf(args)];
  const stdio = stdioOf(settings);
  checkSerialization(settings);
  const at = stdio.indexOf('ipc');
  const theirs = channels.open();
  stdio[at] = theirs;
  let child;
  try {
    child =
      theirs < 0
        ? unstarted(argv, theirs)
        : spawn(process.execPath, argv, {
            cwd,
            uid,
            gid,
            windowsHide,
            stdio,
            env: {
              ...process.env,
              ...env,
              NODE_UNIQUE_ID: String(id),
              NODE_CHANNEL_FD: String(at),
              NODE_CHANNEL_SERIALIZATION_MODE: 'json',
              YUNFLY_CLUSTER_BOOT: JSON.stringify(told),
              ...(boot.role === 'worker' && { YUNFLY_CLUSTER_SLOT: String(id) }),
            },
          });
  } catch (error) {
    channels.giveUp();
    throw error;
  }
  channels.adopt(id, child, boot);
  return child;
}

/** The release that the primary was started from may be gone by now: without its file a worker is Node's own, unless more is asked of it. */
function preloading({ role, serialization }) {
  const file = PRELOADS[role];
  if (role !== 'forked' || serialization === 'advanced' || fs.existsSync(file)) return ['--require', file];
  if (!isGone) {
    isGone = true;
    warn('CLUSTER_WORKER_UNWATCHED', `New workers can't tell the native master about themselves: ${file} is gone.`);
  }
  return [];
}

/** As fork() takes it (getValidatedPath in lib/internal/fs/utils.js). */
function pathOf(exec) {
  if (typeof exec === 'string') return exec;
  if (Buffer.isBuffer(exec)) return exec.toString();
  if (exec instanceof URL) return fileURLToPath(exec);
  const text = `The "modulePath" argument must be of type string or an instance of Buffer or URL. Received ${inspect(exec)}`;
  throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', text);
}

function argsOf(args) {
  if (args == null) return [];
  if (Array.isArray(args)) return args;
  const text = `The "args" argument must be an instance of Array. Received ${inspect(args)}`;
  throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', text);
}

function checkSerialization({ serialization }) {
  if ([undefined, 'json', 'advanced'].includes(serialization)) return;
  const text = `The property 'options.serialization' must be one of: undefined, 'json', 'advanced'. Received ${inspect(serialization)}`;
  throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', text);
}

/** No descriptor was left for a channel: the same 'error' as for one of Node's own that is missing. */
function unstarted(argv, errno) {
  const child = new ChildProcess();
  child.spawnfile = process.execPath;
  child.spawnargs = [process.execPath, ...argv];
  timers.nextTick(() => child._handle.onexit(errno, ''));
  return child;
}

/** With one entry 'ipc', as fork() has it. */
function stdioOf({ stdio, silent }) {
  if (typeof stdio === 'string') {
    if (!['ignore', 'pipe', 'inherit', 'overlapped'].includes(stdio)) {
      throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'stdio' is invalid. Received '${stdio}'`);
    }
    return [stdio, stdio, stdio, 'ipc'];
  }
  if (!Array.isArray(stdio)) return stdioOf({ stdio: silent ? 'pipe' : 'inherit' });
  const pipes = stdio.filter((each) => each === 'ipc').length;
  if (pipes > 1) throw nodeError(Error, 'ERR_IPC_ONE_PIPE', 'Child process can have only one IPC pipe');
  if (pipes === 1) return [...stdio];
  const message = "Forked processes must have an IPC channel, missing value 'ipc' in options.stdio";
  throw nodeError(Error, 'ERR_CHILD_PROCESS_IPC_REQUIRED', message);
}

function inspectorFlags({ execArgv, inspectPort }) {
  if (inspectPort === null) throw badPort(null);
  return isInspected(execArgv) ? [`--inspect-port=${portOf(inspectPort)}`] : [];
}

/** Anywhere in a flag or in NODE_OPTIONS, as Node looks for it (isUsingInspector in lib/internal/util/inspector.js). */
function isInspected(execArgv) {
  return [...execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => /--inspect|--debug-port/.test(text));
}

/** validatePort() in lib/internal/validators.js */
function portOf(inspectPort) {
  const port = typeof inspectPort === 'function' ? inspectPort() : (inspectPort ?? nextPort());
  const isGiven = typeof port === 'number' || (typeof port === 'string' && port.trim() !== '');
  const number = Number(port);
  if (!isGiven || !Number.isInteger(number) || number < 0 || number > HIGHEST_PORT) throw badPort(port);
  return port;
}

function nextPort() {
  const port = process.debugPort + debugPortOffset;
  debugPortOffset += 1;
  return port > HIGHEST_PORT ? port - HIGHEST_PORT + LOWEST_PORT - 1 : port;
}

function badPort(port) {
  return nodeError(
    RangeError,
    'ERR_SOCKET_BAD_PORT',
    `Port should be >= 0 and < 65536. Received ${port == null ? String(port) : `type ${typeof port} (${String(port)})`}.`,
  );
}

module.exports = { start };
