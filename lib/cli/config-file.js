'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { pathToFileURL } = require('url');
const { describeError } = require('../errors');
const { mayNameFile } = require('./arguments');
const { UsageError } = require('./options');
const { isTypeScript } = require('../scripts/module-type');

const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.json'];
const isFile = (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;

/** The one that is used without --config, by its name: in the folder where the command is typed; PM2's, where no file of the app is
 *  typed. */
function findConfig({ config }) {
  const isFileTyped = config.exec !== undefined || mayNameFile(config);
  const names = ['cluster.config', ...(isFileTyped ? [] : ['ecosystem.config'])];
  for (const name of names) {
    const [found, ...others] = EXTENSIONS.map((extension) => `${name}${extension}`).filter(isFile);
    if (others.length > 0) {
      throw new UsageError(`There are ${[found, ...others].join(' and ')}. Say which one: --config ${found}`);
    }
    if (found) return found;
  }
  return undefined;
}

/** What a file exports: `{ config }`, and of PM2's ecosystem file more (pm2/ecosystem.js). */
async function readConfig(typed) {
  const found = path.resolve(typed.configFile);
  if (!isFile(found)) throw new UsageError(`--config: there is no file ${found}.`);
  const content = await load(found);
  const { isEcosystem, readEcosystem } = require('./pm2/ecosystem');
  if (isEcosystem(content)) return readEcosystem(content, typed);
  if (!isObject(content)) {
    throw new UsageError(`--config: ${found} must export the configuration, an object.`);
  }
  requireEcosystem(typed);
  return { config: content };
}

/** What was typed may be about PM2's ecosystem file only, which there is none of. */
function requireEcosystem({ only, environment }) {
  if (environment !== undefined) throw new UsageError(`--env takes KEY=VALUE, but got '${environment}'.`);
  if (only !== undefined) throw new UsageError("--only chooses an app of PM2's ecosystem file: give it with --config.");
}

async function load(file) {
  if (/\.ya?ml$/.test(file)) throw new UsageError(`--config: ${file}: YAML is not read. Write it as .json or .js.`);
  try {
    if (path.extname(file) === '.json') return readJson(file);
    if (isTypeScript(file)) await prepareFor(file);
    const { default: exported, ...named } = await import(pathToFileURL(file));
    // What was compiled to CommonJS has its own default in that.
    if (exported?.__esModule && exported.default) return exported.default;
    // PM2 reads an ES module's names.
    return exported ?? (named.apps && named);
  } catch (cause) {
    throw new UsageError(`--config: ${file} could not be loaded: ${describeError(cause).message}`, { cause });
  }
}

/** What loads TypeScript for the workers does so here. */
async function prepareFor(file) {
  const { findLoader } = require('../config/loader');
  const options = { execArgv: process.execArgv, nodeOptions: process.env.NODE_OPTIONS };
  let loader;
  try {
    loader = findLoader({ field: 'config', files: [file], options, cwd: process.cwd() });
  } catch (cause) {
    const remedy = 'Install tsx, use Node.js 22.18 or later, or write it in JavaScript';
    throw new Error(`Node.js ${process.version} does not load TypeScript by itself. ${remedy}.`, { cause });
  }
  loader?.require.forEach((module) => require(module));
  for (const module of loader?.import ?? []) await import(module);
}

/** PM2 evaluates such a file as JavaScript: it may hold comments, or commas too many. */
function readJson(filename) {
  const text = fs.readFileSync(filename, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    return vm.runInThisContext(`(${text}\n)`, { filename });
  }
}

/** What was typed is laid over what the file says. */
function mergeConfig(fromFile, { config, nodeFlags }) {
  const { execArgv = process.execArgv } = fromFile;
  const merged = { ...fromFile, ...config };
  if (config.env) merged.env = mergeEnv(fromFile.env, config.env);
  if (isObject(config.output) && isObject(fromFile.output)) merged.output = mergeOutput(fromFile.output, config.output);
  // Other servers for what the file says.
  if (config.fleet && isObject(fromFile.fleet)) merged.fleet = { ...fromFile.fleet, url: undefined, ...config.fleet };
  // What the file has wrong stays as it is: it is refused with the configuration.
  if (nodeFlags.length > 0) merged.execArgv = Array.isArray(execArgv) ? [...execArgv, ...nodeFlags] : execArgv;
  return merged;
}

/** Its parts are options of their own; one file for both streams takes the place of one for each. */
function mergeOutput(below, above) {
  const files = above.file === undefined ? {} : { outFile: undefined, errorFile: undefined };
  return { ...below, ...files, ...above };
}

/** Variables laid over others; what is not variables at all stays as it is. */
function mergeEnv(below = {}, above = {}) {
  if (!isObject(below)) return below;
  return isObject(above) ? { ...below, ...above } : above;
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

module.exports = { findConfig, readConfig, requireEcosystem, mergeConfig, mergeEnv };
