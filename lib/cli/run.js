'use strict';

const { parse } = require('./arguments');
const { CONTROL_COMMANDS } = require('./control/names');
const { byName, UsageError } = require('./options');

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** They end the cluster, as the library has it. */
const ENDING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'];

/** The command `cluster-native`. What it does any app can do with the public API. */
async function run(argv) {
  if (CONTROL_COMMANDS.includes(argv[0])) return require('./control').runControl(argv);
  let typed;
  try {
    typed = parse(argv);
    await command(typed);
  } catch (error) {
    fail(error, typed);
  }
}

async function command(typed) {
  if (typed.help) return void console.log(require('./help').help());
  if (typed.version) return void console.log(require('../../package.json').version);
  const { mergeConfig, readConfig, requireEcosystem } = require('./config-file');
  if (typed.configFile) typed.file = await readConfig(typed);
  else requireEcosystem(typed);
  const { config: fromFile = {}, logs } = typed.file ?? {};
  const config = mergeConfig(fromFile, typed);
  if (config.exec === undefined) throw new UsageError('Which file shall the workers run? cluster-native <file>');
  const complete = withMode(config);
  // Who typed where the output goes has the last word.
  const files = logs && config.output === undefined ? openFiles(logs) : undefined;
  await start({ ...complete, ...(files && { output: 'pipe' }) }, shownOf(complete, config.mode !== undefined), files);
}

function openFiles(logs) {
  const { LogFiles } = require('./log-files');
  return new LogFiles(logs);
}

/** With a mode, which is shown; and where NODE_ENV is not set the app is told of the mode by it. */
function withMode(config) {
  const mode = config.mode ?? (process.env.NODE_ENV === 'production' ? 'production' : 'development');
  const { mergeEnv } = require('./config-file');
  const env = process.env.NODE_ENV ? config.env : mergeEnv({ NODE_ENV: mode }, config.env);
  return { ...config, mode, env };
}

/** What of the configuration is shown, or decides what an event means. */
function shownOf({ mode, ready = 'listening', watch }, isModeAsked) {
  const isGuess = !isModeAsked && !process.env.NODE_ENV;
  const isDevelopment = mode === 'development';
  const shownMode = isGuess ? `${mode} (NODE_ENV is not set; --prod for production)` : mode;
  const watched = isDevelopment && Array.isArray(watch) ? watch : [];
  return { mode: shownMode, ready, watched, awaitsChanges: isDevelopment && watch !== false };
}

async function start(config, shown, files) {
  const { createCluster } = require('../..');
  const { Display } = require('./display');
  const { Screen } = require('./screen');
  const cluster = createCluster(config);
  process.title = `${cluster.title}:app`;
  if (files) {
    cluster.on('output', (child, text, stream) => files.take(child, text, stream));
    // As PM2's daemon has it.
    process.on('SIGUSR2', () => files.reopen());
  }
  const display = new Display(cluster, new Screen(process.stdout, process.env), shown);
  cluster.on('exception', (error) => console.error(error.message));
  // Without processes the signals are the app's own.
  if (config.enable !== false) tellSignals(cluster, display);
  await cluster.start();
}

function tellSignals(cluster, display) {
  for (const name of ENDING_SIGNALS) {
    const tell = () => display.stopping(name);
    process.once(name, tell);
    // Unheard, the signal is to end the process again.
    cluster.on('close', () => process.removeListener(name, tell));
  }
}

function fail(error, typed) {
  process.exitCode = error instanceof UsageError || error.code === 'ERR_CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILURE;
  // What a child did not catch was printed by its own Node.
  const isKnown = error instanceof UsageError || error.name === 'ClusterError';
  console.error(isKnown ? `cluster-native: ${inOurTerms(error.message, typed)}` : error);
}

const CONFIG = 'cluster config: ';

/** The configuration's fields by the names that they have here or in PM2's file. Where there is a file, what was not typed is its. */
function inOurTerms(message, { config, configFile, file } = { config: {} }) {
  // Of the variables only those of the file can be wrong: the typed ones are read with the command line.
  const isTyped = (field) => !configFile || (field in config && field !== 'env');
  const [, subject] = /`(\w+)`/.exec(message) ?? [];
  const place = subject && !isTyped(subject) ? `${configFile}: ` : '';
  const text = message.startsWith(CONFIG) ? place + message.slice(CONFIG.length) : message;
  const named = (field, quoted) => (file?.names?.[field] ? `\`${file.names[field]}\`` : quoted);
  return text.replace(/`(\w+)`/g, (quoted, field) =>
    isTyped(field) ? optionFor(field, quoted) : named(field, quoted),
  );
}

function optionFor(field, otherwise) {
  if (field === 'exec') return '<file>';
  const option = [...byName.values()].find((each) => each.field === field && each.value);
  return option ? `--${option.name}` : otherwise;
}

module.exports = { run };
