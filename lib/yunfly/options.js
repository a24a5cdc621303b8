'use strict';

// The options of yunfly's own cluster package, and what its framework adds to them, as a configuration of this one.

const { invalid } = require('../config/check');
const { isRecord } = require('../config/kinds');
const { modeFor } = require('../config/mode');

/** What the face itself uses, and what has no meaning where cfork starts no process. */
const NOT_OF_THE_CLUSTER = ['port', 'https', 'address', 'yunflyVerfion', 'isWatch', 'useAloneWorker'];
const WITHOUT_MEANING = ['slaves', 'duration', 'windowsHide', 'autoCoverage'];
const MODES = ['production', 'development'];
const LAST_PORT = 65_535;
/** The original's workers end as soon as they get SIGTERM, whoever else listens for it: yunfly's Prometheus plugin does, and ends nothing. */
const WORK_MS = 1000;

/** `{ config, shown }`: what createCluster() gets, and what the log tells. Fields of this package's own pass as they are. */
function translate(options = {}) {
  const mode = chosenMode(options);
  const shown = { ...shownOf(options), mode };
  const own = Object.entries(options).filter(
    ([name, value]) => value !== null && ![...NOT_OF_THE_CLUSTER, ...WITHOUT_MEANING].includes(name),
  );
  const config = {
    ...Object.fromEntries(own),
    alone: options.useAloneWorker !== false && isGiven(options.alone) ? options.alone : false,
    count: numberOf(options.count) || 'auto',
    limit: numberOf(options.limit) || undefined,
    title: options.title || undefined,
    args: typeof options.args === 'string' ? [options.args] : (options.args ?? undefined),
    env: differing(options.env ?? {}),
    workTimeout: options.workTimeout ?? WORK_MS,
    ...ofMode(mode, options),
    // Left out where the environment decides: it says so if NODE_ENV is not set.
    mode: ['test', ...MODES].includes(options.mode) ? mode : undefined,
  };
  return { config: { ...config, aloneConfig: options.aloneConfig ?? plain({ ...config, mode }) }, shown };
}

const isGiven = (text) => typeof text === 'string' && text.trim() !== '';

/** As text too: it may come from the environment. */
function numberOf(value) {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

/** NODE_ENV decides. With `mode: 'test'` there may be several workers in development too; other words mean nothing to the original. */
function chosenMode({ mode }) {
  if (mode === 'test') return 'production';
  return MODES.includes(mode) ? mode : modeFor(process.env.NODE_ENV);
}

/**
 * With `mode: 'test'` workers are forked again only if that is asked for. The original watches nothing: with `isWatch` the framework
 * does, and what has failed waits for its reload.
 */
function ofMode(chosen, { mode, refork, isWatch, watch }) {
  if (chosen !== 'production') return { refork: undefined, watch: watch ?? (isWatch ? [] : false) };
  return { refork: !isWatch && (mode === 'test' ? Boolean(refork) : refork !== false), watch: undefined };
}

/** The framework may pass `process.env` whole: what is in it anyway is no change. What is no environment is refused later. */
function differing(env) {
  if (!isRecord(env)) return env;
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => process.env[name] !== value));
}

/** What the alone's functions get: without the environment, which is there, the arguments, which hold it once more, and what is secret. */
function plain({ env: _env, args: _args, logger: _logger, fleet: _fleet, ...config }) {
  return config;
}

function shownOf({ port, https, address, yunflyVerfion }) {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > LAST_PORT) {
    throw invalid('port', port, `the port that the workers listen on, from 1 to ${LAST_PORT}`, 'Set `port`.');
  }
  return {
    port: number,
    url: `${https ? 'https' : 'http'}://${address || '127.0.0.1'}:${number}`,
    version: yunflyVerfion || require('../../package.json').version,
  };
}

module.exports = { translate };
