'use strict';

// What PM2's ecosystem file may say of an app, and what becomes of it:
//
// - `field`: it is this field of the configuration, of which `read` makes the value. What the field may be is checked with the
//   configuration
// - `refused`: PM2 would run something else than this package can; this says what to do. `unless`: where it asks for nothing
// - `ignored`: the app runs the same without it, which a warning says, with this
// - `of`: what it is a part of; logs.js reads it
// - neither: ecosystem.js or logs.js reads it, or it is about PM2 alone

const fs = require('fs');
const { invalid } = require('../../config/check');
const { usableCpus } = require('../../config/cpus');
const { FIELDS } = require('../../config/fields');

const SECONDS = { s: 1, m: 60, h: 3600 };
const QUOTED = `"[^"]*"|'[^']*'`;
/** A word, a quoted text, or `name="a quoted text"`, which keeps its quotes. */
const WORD = new RegExp(`(?:[^\\s"'=]+=)?(?:${QUOTED})|\\S+`, 'g');

/** `'--port 80 "a b"'` is an array of three, as PM2 splits it. */
function words(value) {
  if (Array.isArray(value)) return value.map((word) => (typeof word === 'number' ? String(word) : word));
  if (typeof value !== 'string') return value;
  const found = value.match(WORD) ?? [];
  return found.map((word) => word.replace(/^(["'])(.*)\1$/s, '$2')).filter((word) => word.trim() !== '');
}

function number(value) {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}

/** 1000, '1000', '10s', '5m', '1h' */
function milliseconds(value) {
  const [, amount, unit] = (typeof value === 'string' && /^(\d+)([smh])$/.exec(value)) || [];
  return unit ? amount * SECONDS[unit] * 1000 : number(value);
}

/** 'max' and 0: one per CPU; -1: one less. */
function instances(value) {
  const count = value === 'max' ? 0 : number(value);
  if (!Number.isInteger(count)) throw invalid('instances', value, "a number, or 'max' for one per CPU");
  if (count === 0) return 'auto';
  return count > 0 ? count : Math.max(1, usableCpus() + count);
}

/** PM2 goes on with an app that is not ready by then, while here the start has failed: it can only be longer than ours. */
function startTimeout(value) {
  const given = number(value);
  return Number.isInteger(given) ? Math.max(given, FIELDS.startTimeout.default) : given;
}

/** false, 0, '0', '' and []. */
const isOff = (value) => Number(value) === 0;

const isEmpty = (value) => value === '';

/** 'node', the path of this one, or ''. */
function isThisNode(interpreter) {
  if (['', 'node'].includes(interpreter)) return true;
  try {
    return fs.realpathSync(interpreter) === process.execPath;
  } catch {
    return false;
  }
}

/** How it lists, inspects and deploys apps; nothing here depends on it. */
const ABOUT_PM2 = (
  'namespace name_prefix username force write vizion install_url post_update pmx automation disable_trace v8 ' +
  'event_loop_inspector kill_retry_time treekill windows_hide'
).split(' ');

const OPTIONS = {
  script: { field: 'exec' },
  name: { field: 'title' },
  cwd: { field: 'cwd' },
  args: { field: 'args', read: words },
  node_args: { field: 'execArgv', read: words },
  instances: { field: 'count', read: instances },
  instance_var: { field: 'instanceVar' },
  env: { field: 'env' },
  port: {},
  exec_mode: {},
  wait_ready: {},
  source_map_support: {},
  disable_source_map_support: {},
  listen_timeout: { field: 'startTimeout', read: startTimeout },
  kill_timeout: { field: 'killTimeout', read: number },
  min_uptime: { field: 'minUptime', read: milliseconds },
  max_memory_restart: { field: 'maxMemory', read: (value) => number(value) || undefined },
  // What is true by default is left to the mode.
  autorestart: { field: 'refork', read: (value) => (value === true ? undefined : value) },
  watch: { field: 'watch' },
  watch_delay: { field: 'reloadDelay', read: number },

  out_file: { of: 'output.outFile' },
  error_file: { of: 'output.errorFile' },
  log_file: { of: 'output.file' },
  merge_logs: {},
  disable_logs: {},

  cron_restart: {
    refused: 'Send SIGHUP to the app from cron or a systemd timer: it reloads the workers one by one.',
    unless: isOff,
  },
  exec_interpreter: {
    refused:
      'Workers run with the Node.js of this command: start it with another one (/path/to/node cluster-native …). TypeScript is ' +
      'loaded without `interpreter`.',
    unless: isThisNode,
  },
  execute_command: { refused: 'Only files of JavaScript or TypeScript are run: name one as `script`.', unless: isOff },
  increment_var: { refused: 'Add NODE_APP_INSTANCE to the number in the app.', unless: isEmpty },
  filter_env: {
    refused: 'Start the command without these variables (env -u NAME …).',
    unless: isOff,
  },
  shutdown_with_message: {
    refused: "Make the code for the message 'shutdown' a listener of SIGTERM, which is called after the last request.",
    unless: isOff,
  },
  stop_exit_codes: {
    refused: 'A worker that exits is replaced, whatever its code: set `autorestart: false` for an app that has an end.',
    unless: (value) => value === false || value.length === 0,
  },
  uid: { refused: 'Start the command as this user (User= in systemd, USER in Docker).', unless: isEmpty },
  gid: { refused: 'Start the command with this group (Group= in systemd, USER in Docker).', unless: isEmpty },

  max_restarts: { ignored: 'a worker that keeps failing is retried, with pauses, for --limit seconds' },
  restart_delay: { ignored: 'a worker is replaced at once, with pauses if its replacements fail', unless: isOff },
  exp_backoff_restart_delay: { ignored: 'the pauses between replacements that fail grow by themselves', unless: isOff },
  ignore_watch: { ignored: 'files that git ignores, node_modules and hidden files are never watched' },
  watch_options: { ignored: 'files are watched by the system' },
  log_date_format: { ignored: 'journald and Docker add the time; in files, the logger of the app does' },
  time: { ignored: 'journald and Docker add the time; in files, the logger of the app does', unless: isOff },
  log_type: { ignored: 'what the app prints stays as it is' },
  pid_file: { field: 'pidFile' },
  append_env_to_name: { ignored: 'set the name by --title', unless: isOff },
  autostart: { ignored: 'the command starts the app', unless: (value) => value !== false },
  trace: { ignored: "it belongs to PM2's monitoring", unless: isOff },
  deep_monitoring: { ignored: "it belongs to PM2's monitoring", unless: isOff },
  io: { ignored: "it belongs to PM2's monitoring" },

  ...Object.fromEntries(ABOUT_PM2.map((name) => [name, {}])),
};

/** Other names of theirs. */
const ALIASES = {
  exec: 'script',
  cmd: 'script',
  command: 'script',
  interpreter: 'exec_interpreter',
  interpreter_args: 'node_args',
  cron: 'cron_restart',
  user: 'uid',
  pid: 'pid_file',
  combine_logs: 'merge_logs',
  ...named('out_file', ['out', 'output', 'out_log']),
  ...named('error_file', ['error', 'err', 'err_file', 'err_log']),
  ...named('log_file', ['log']),
};

function named(name, aliases) {
  return Object.fromEntries(aliases.map((alias) => [alias, name]));
}

/** The option that this key is, which may be written in camel case as well. */
function nameOf(key) {
  const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return ALIASES[name] ?? name;
}

module.exports = { OPTIONS, nameOf };
