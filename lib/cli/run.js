'use strict';

const { inspect } = require('util');
const { parse, withFile } = require('./arguments');
const { CONTROL_COMMANDS } = require('./control/names');
const { byName, UsageError } = require('./options');
const { NOT_SET, modeFor } = require('../config/mode');
const { readVariable } = require('../output/log');

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** What the display tells of, the log does not. */
const SHOWN = ['exit', 'hang', 'givenUp', 'reload', 'exception'];

/** They end the cluster, as the library has it. */
const ENDING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'];

/** The command `cluster-native`. What it does any app can do with the public API. */
async function run(argv) {
  if (CONTROL_COMMANDS.includes(argv[0])) return require('./control').runControl(argv);
  const log = readVariable(process.env.YUNFLY_LOG).json ? require('./log').beginJson() : undefined;
  let typed;
  try {
    typed = parse(argv);
    if (typed.quiet) require('./log').beQuiet();
    await command(typed, log);
  } catch (error) {
    fail(error, typed, log);
  }
}

async function command(typed, log) {
  if (typed.help) return void console.log(require('./help').help());
  if (typed.version) return void console.log(require('../../package.json').version);
  const { findConfig, mergeConfig, readConfig, requireEcosystem } = require('./config-file');
  typed.configFile ??= findConfig(typed);
  if (typed.configFile) typed.file = await readConfig(typed);
  else requireEcosystem(typed);
  const { config: fromFile = {} } = typed.file ?? {};
  const config = mergeConfig(fromFile, withFile(typed, fromFile.exec));
  if (config.exec === undefined) throw new UsageError('Which file shall the workers run? cluster-native <file>');
  // As the processes will see it.
  const nodeEnv = config.env?.NODE_ENV || process.env.NODE_ENV || nodeEnvOfFiles(config);
  const complete = withMode(config, nodeEnv);
  const isGuess = config.mode === undefined && !nodeEnv;
  if (isGuess && !typed.quiet) log?.warn(NOT_SET);
  const display = { ...shownOf(complete, isGuess), configFile: typed.configFile, isShown: !typed.quiet && !log };
  await start(complete, display);
}

/** Node reads them in each process that is started with them. */
function nodeEnvOfFiles({ execArgv, cwd }) {
  if (!Array.isArray(execArgv) || !execArgv.some((flag) => /^--env-file/.test(flag))) return undefined;
  return require('./env-files').nodeEnvOf(execArgv, cwd);
}

/** With a mode, which is shown; and where NODE_ENV is not set the app is told of the mode by it. */
function withMode(config, nodeEnv) {
  const mode = config.mode ?? modeFor(nodeEnv);
  const { mergeEnv } = require('./config-file');
  const env = nodeEnv ? config.env : mergeEnv({ NODE_ENV: mode }, config.env);
  return { ...config, mode, env };
}

/** What of the configuration is shown, or decides what an event means. */
function shownOf({ mode, watch }, isGuess) {
  const isDevelopment = mode === 'development';
  const shownMode = isGuess ? `${mode} (NODE_ENV is not set; --prod for production)` : mode;
  const watched = isDevelopment && Array.isArray(watch) ? watch : [];
  return { mode: shownMode, watched, isDevelopment, awaitsChanges: isDevelopment && watch !== false };
}

async function start(config, shown) {
  const { createCluster } = require('../..');
  const cluster = createCluster({ ...config, [Symbol.for('yunfly.cluster.shown')]: shown.isShown ? SHOWN : [] });
  if (shown.isShown) show(cluster, config, shown);
  await cluster.start();
}

function show(cluster, { enable, handleSignals }, shown) {
  const { now } = require('../real-timers');
  const { Display } = require('./display');
  const { Screen } = require('./screen');
  const startedAt = now() - process.uptime() * 1000;
  const display = new Display(cluster, new Screen(process.stdout, process.env), { ...shown, startedAt });
  cluster.on('exception', (error) => printError(error, error.message));
  // Without processes, and without our listeners, the signals are the app's own: one of ours would keep them from ending it.
  if (enable !== false && handleSignals !== false) tellSignals(cluster, display);
}

function tellSignals(cluster, display) {
  for (const name of ENDING_SIGNALS) {
    const tell = () => display.stopping(name);
    process.once(name, tell);
    // Unheard, the signal is to end the process again.
    cluster.on('close', () => process.removeListener(name, tell));
  }
}

function fail(error, typed, log) {
  process.exitCode = error instanceof UsageError || error.code === 'ERR_CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILURE;
  // What a child did not catch was printed by its own Node.
  const isKnown = error instanceof UsageError || error.name === 'ClusterError';
  const text = isKnown ? inOurTerms(error.message, typed) : inspect(error);
  if (log) log.error(text);
  else printError(error, isKnown ? `cluster-native: ${text}` : text);
}

/** With the line of the app's code where it began, if that is known. */
function printError({ cause }, text) {
  const { createColors } = require('picocolors');
  const { colorDepth } = require('../output/terminal');
  const { frame } = require('./frame');
  const { red, dim } = createColors(colorDepth(process.stderr) > 1);
  const below = frame(cause, { isPrinted: true }).map((line) => dim(line));
  console.error([red(text), ...below].join('\n'));
}

const CONFIG = 'cluster config: ';

/** The configuration's fields by the names that they have here or in PM2's file. Where there is a file, what was not typed is its. */
function inOurTerms(message, { config, configFile, file } = { config: {} }) {
  // Of the variables only those of the file can be wrong: the typed ones are read with the command line.
  const isTyped = (field) => !configFile || (field in config && field !== 'env');
  const [, subject] = /`([\w.]+)`/.exec(message) ?? [];
  const place = subject && !isTyped(subject) ? `${configFile}: ` : '';
  const text = message.startsWith(CONFIG) ? place + message.slice(CONFIG.length) : message;
  const named = (field, quoted) => (file?.names?.[field] ? `\`${file.names[field]}\`` : quoted);
  return text.replace(/`([\w.]+)`/g, (quoted, field) =>
    isTyped(field) ? optionFor(field, quoted) : named(field, quoted),
  );
}

function optionFor(field, otherwise) {
  if (field === 'exec') return '<file>';
  const option = [...byName.values()].find((each) => (each.of ?? each.field) === field && each.value);
  return option ? `--${option.name}` : otherwise;
}

module.exports = { run };
