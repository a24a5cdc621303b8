'use strict';

// The one place where a configuration is validated and gets its defaults. What comes out is complete.

const fs = require('fs');
const path = require('path');
const { ClusterError } = require('../errors');
const { aloneFiles } = require('../scripts/alone-files');
const { compileCache } = require('./compile-cache');
const { checkFields, invalid, settled } = require('./check');
const { entered, resolveCwd, resolveExec, resolveAlone, unbuiltAlone, packageName } = require('./paths');
const { ownFlags } = require('./flags');
const { checkInspector } = require('./inspector');
const { isObject } = require('./kinds');
const { NOT_SET, modeFor } = require('./mode');
const { isTypeScript } = require('../scripts/module-type');
const { warn } = require('../warn');

/** Linux allows 128 KiB for one environment variable, in which the alone gets its configuration. */
const MAX_ALONE_CONFIG_BYTES = 96 * 1024;

/** What is shown of the cluster, so that the log need not tell it: the command says so of its display. */
const SHOWN = Symbol.for('yunfly.cluster.shown');

function normalize(config) {
  checkFields(config);
  const mode = config.mode ?? modeFor(process.env.NODE_ENV);
  const production = mode === 'production';
  const settings = settled(config, mode);
  const { enable } = settings;
  const cwd = resolveCwd(config.cwd, production);
  const title = config.title ?? `yunfly-${packageName(cwd)}`;
  const alone = resolveAlone(config.alone, cwd, mode);
  if (enable && config.mode === undefined && !process.env.NODE_ENV) {
    require('../output/log').createLog({ logger: config.logger, title }).warn(NOT_SET);
  }
  warnOfIgnored(config, production);
  if (enable && production && !alone) warnOfUnbuilt(unbuiltAlone(config, cwd));
  warnOfLogVariable();
  const exec = resolveExec(config.exec, cwd);
  const launch = { cwd, execArgv: enable ? config.execArgv : undefined, env: config.env };
  if (enable) checkInspector(launch);
  checkStandby(settings);
  if (enable) checkSockets(settings.listenFds);
  return {
    ...settings,
    shown: config[SHOWN] ?? [],
    admin: settings.admin && require('./admin').placed(settings.admin, { cwd, count: settings.count, mode }),
    output: isObject(settings.output) ? require('./output-files').placed(settings.output, cwd) : settings.output,
    title,
    mode,
    cwd,
    entered: entered(),
    exec,
    fleet: fleetOf(config, {
      enable,
      cwd,
      title,
      hasAlone: alone !== undefined,
      choosesWorker: settings.randomWorker !== 'never',
    }),
    workerLoader: loaderFor('exec', config.exec, [exec], launch),
    alone,
    pidFile: config.pidFile && path.resolve(cwd, config.pidFile),
    aloneLoader: enable && alone ? loaderFor('alone', config.alone, aloneFiles(alone), launch) : undefined,
    aloneConfig: alone && aloneConfig(config),
    ready: settings.ready.path === undefined ? settings.ready : { path: path.resolve(cwd, settings.ready.path) },
    compileCache: compileCache(config.compileCache, production, { ...process.env, ...config.env }),
    watch: production || !enable ? undefined : watched(config.watch, { cwd, exec, alone }),
  };
}

/** Undefined: this is the only host. What is wrong is told in each case, so that a switch of `enable` shows nothing new. */
function fleetOf({ fleet }, { enable, ...where }) {
  if (!fleet) return undefined;
  const complete = require('./fleet').settledFleet(fleet, where);
  if (enable) return complete;
  const message = '`fleet` has no effect with `enable: false`: there is no alone that one of the hosts could have.';
  warn('CLUSTER_OPTION_IGNORED', `cluster config: ${message}`);
  return undefined;
}

function warnOfIgnored(config, production) {
  if (config.refork && !production) {
    const message = '`refork: true` has no effect in development: a worker that crashed is not forked again.';
    warn('CLUSTER_OPTION_IGNORED', `cluster config: ${message}`);
  }
  if (config.watch && production) {
    warn(
      'CLUSTER_OPTION_IGNORED',
      'cluster config: `watch` has no effect in production: call reload(), or send SIGHUP.',
    );
  }
}

function warnOfUnbuilt(folder) {
  if (!folder) return;
  const remedy = `Build the project, or set \`alone: '${folder}'\`; \`alone: false\` says that there is none.`;
  const message = `there is no alone: in production ${folder} is not its default, but build/alone and dist/alone.`;
  warn('CLUSTER_ALONE_NOT_BUILT', `cluster config: ${message} ${remedy}`);
}

function watched(watch, where) {
  return require('./watch').watchedPaths(watch, where);
}

/** Descriptors of this process that are sockets. */
function checkSockets(listenFds) {
  const isSocket = (fd) => {
    try {
      return fs.fstatSync(fd).isSocket();
    } catch {
      return false;
    }
  };
  for (const fd of listenFds) {
    const remedy = 'They are those that this process was started with, or whose server it opened.';
    if (!isSocket(fd)) throw invalid('listenFds', listenFds, `the numbers of open sockets, which ${fd} is not`, remedy);
  }
}

/** A worker that stands by is one whose listen() is not answered yet. */
function checkStandby({ standby, ready }) {
  if (standby > 0 && ['online', 'message'].includes(ready)) {
    throw invalid(
      'standby',
      standby,
      `0 where \`ready\` is '${ready}'`,
      "Set `ready: 'listening'` or `ready: { port }`, or leave `standby` out.",
    );
  }
}

function warnOfLogVariable() {
  if (!process.env.YUNFLY_LOG) return;
  const { unknown } = require('../output/log').readVariable(process.env.YUNFLY_LOG);
  if (unknown.length === 0) return;
  const remedy = 'It may be off, error, warn, info or debug, and json: YUNFLY_LOG=debug,json.';
  warn('CLUSTER_VARIABLE_IGNORED', `YUNFLY_LOG: '${unknown.join(',')}' is not known and has no effect. ${remedy}`);
}

/** What loads these files if one is TypeScript (see findLoader). */
function loaderFor(field, value, files, { cwd, execArgv = ownFlags(), env = {} }) {
  if (!files.some(isTypeScript)) return undefined;
  const { NODE_OPTIONS: nodeOptions } = { ...process.env, ...env };
  // Loaded when it is needed: most apps are JavaScript.
  return require('./loader').findLoader({ field, value, files, cwd, options: { execArgv, nodeOptions } });
}

/** As JSON, in which it reaches the alone. */
function aloneConfig(config) {
  const field = config.aloneConfig === undefined ? 'the cluster config, which the alone gets' : '`aloneConfig`';
  const refuse = (what, cause) =>
    new ClusterError('ERR_CONFIG_INVALID', `cluster config: ${field} ${what}. Give a smaller, plain \`aloneConfig\`.`, {
      cause,
    });
  let json;
  try {
    // `fleet` holds secrets, which the alone does not need.
    const whole = { ...config, logger: undefined, fleet: undefined };
    json = JSON.stringify(config.aloneConfig === undefined ? whole : config.aloneConfig);
  } catch (err) {
    throw refuse(`cannot be written as JSON: ${err.message}`, err);
  }
  if (json === undefined) throw refuse('cannot be written as JSON');
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_ALONE_CONFIG_BYTES)
    throw refuse(`has ${bytes} bytes as JSON; at most ${MAX_ALONE_CONFIG_BYTES} are allowed`);
  return JSON.parse(json);
}

module.exports = { normalize, loaderFor };
