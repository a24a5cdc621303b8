'use strict';

// The configuration that PM2's ecosystem file is: its app runs as by PM2, which knows no modes and no alone.

const fs = require('fs');
const path = require('path');
const { invalid } = require('../../config/check');
const { isObject } = require('../../config/kinds');
const { nearest } = require('../../config/nearest');
const { warn } = require('../../warn');
const { outputOf } = require('./logs');
const { OPTIONS, nameOf } = require('./options');

/** `env_production`: what `--env production` lays over `env`. */
const ENVIRONMENT = /^env_\S/;
/** What PM2 runs by other programs than Node. */
const OTHER_LANGUAGES = ['.sh', '.py', '.rb', '.php', '.pl', '.coffee', '.ls'];

/** A list of apps or, as `apps` of an object or of the `pm2` in a package.json, one; or the app itself. */
function isEcosystem(content) {
  if (!isObject(content)) return Array.isArray(content) && content.length > 0;
  return 'apps' in content || 'pm2' in content || ('script' in content && !('exec' in content));
}

/**
 * `{ config, names }`: `names`: how the file calls the fields.
 * @param typed what was typed: the app's name `only`, the name `environment`, the fields `config`
 */
function readEcosystem(content, typed) {
  const app = theApp(content, typed.only);
  if (content.static) ignored('static', 'no folders are served: a web server does that');
  const given = optionsOf(app);
  const isFork = modeOf(given) === 'fork';
  const config = {
    mode: 'production',
    alone: false,
    count: 1,
    // What works off a queue need not listen; and PM2 replaces a process of this mode stop-first.
    ...(isFork && { ready: 'online' }),
    ...(isOn(given, 'wait_ready') && { ready: 'message' }),
    ...fieldsOf(given),
    env: environmentOf(app, content.deploy, typed),
  };
  const mapsSources = isOn(given, 'source_map_support', true) && !isOn(given, 'disable_source_map_support');
  if (mapsSources) config.execArgv = ['--enable-source-maps'].concat(config.execArgv ?? []);
  // What is no path is refused with the configuration.
  const cwd = String(typed.config.cwd ?? config.cwd ?? '');
  checkScript(config.exec, cwd);
  const output = outputOf(given);
  if (output) config.output = output;
  return { config, names: namesOf(given) };
}

function namesOf(given) {
  const fields = Array.from(given, ([name, { key }]) => [OPTIONS[name]?.field ?? OPTIONS[name]?.of, key]);
  return Object.fromEntries(fields.filter(([field]) => field));
}

function theApp(content, only) {
  const found = content.apps ?? content.pm2 ?? content;
  const apps = [found.apps ?? found].flat();
  if (!apps.every(isObject)) throw invalid('apps', found, 'an array of apps, each an object');
  const named = only === undefined ? apps : apps.filter((app) => appName(app) === only);
  if (named.length === 1) return named[0];
  const names = apps.map(appName);
  if (only !== undefined) throw invalid('apps', names, `a list with one app called '${only}'`, 'Correct --only.');
  const remedy = names.length > 0 ? `Choose it by its name: --only ${names[0]}. Each app is a command of its own.` : '';
  throw invalid('apps', names, 'one app', remedy);
}

function appName({ name, script = '' }) {
  return name ?? path.parse(String(script)).name;
}

/** `Map { name => { key, value } }`: of an option that stands there by two names the first of them, as with PM2. */
function optionsOf(app) {
  const given = new Map();
  for (const [key, value] of Object.entries(app)) {
    if (value === undefined || value === null || ENVIRONMENT.test(key)) continue;
    const name = nameOf(key);
    if (!given.has(name) || key === name) given.set(name, { key, value });
  }
  return given;
}

function fieldsOf(given) {
  const fields = {};
  for (const [name, { key, value }] of given) {
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (!option) warnOfUnknown(key);
    else if (option.unless?.(value)) continue;
    else if (option.refused) throw invalid(key, value, 'left out', option.refused);
    else if (option.ignored) ignored(key, option.ignored);
    else if (option.field) fields[option.field] = option.read ? option.read(value) : value;
  }
  return fields;
}

function ignored(key, why) {
  warn('CLUSTER_OPTION_IGNORED', `PM2's ecosystem file: \`${key}\` has no effect: ${why}.`);
}

function warnOfUnknown(key) {
  const near = nearest(key, Object.keys(OPTIONS));
  const hint = near ? ` Did you mean \`${near}\`?` : '';
  warn('CLUSTER_UNKNOWN_OPTION', `PM2's ecosystem file: \`${key}\` is not known and has no effect.${hint}`);
}

function isOn(given, name, usual = false) {
  const { key, value = usual } = given.get(name) ?? {};
  if (typeof value !== 'boolean') throw invalid(key, value, 'true or false');
  return value;
}

function modeOf(given) {
  const { key, value = given.has('instances') ? 'cluster' : 'fork' } = given.get('exec_mode') ?? {};
  const [, mode] = /^(fork|cluster)(?:_mode)?$/.exec(value) ?? [];
  if (!mode) throw invalid(key, value, "'cluster' or 'fork'");
  return mode;
}

/** In PM2's order, in which `deploy` comes above `env`. */
function environmentOf(app, deploy, { environment, config }) {
  const env = app.env ?? {};
  if (!isObject(env)) return env;
  const key = `env_${environment}`;
  const chosen = app[key] ?? {};
  if (!isObject(chosen)) throw invalid(key, chosen, 'an object of variables');
  if (environment !== undefined && !(key in app)) ignored(`--env ${environment}`, `the app has no \`${key}\``);
  return {
    // Who did not type a mode has not said anything of NODE_ENV, which is as it was.
    ...(config.mode === undefined && { NODE_ENV: process.env.NODE_ENV }),
    ...asTexts(env),
    ...(app.port && { PORT: app.port }),
    ...asTexts(deploy?.[environment]?.env),
    ...asTexts(chosen),
  };
}

/** Objects are JSON. */
function asTexts(env = {}) {
  const texts = Object.entries(env).map(([name, value]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : value,
  ]);
  return Object.fromEntries(texts);
}

function checkScript(script, cwd) {
  if (typeof script !== 'string') return;
  const isFile = fs.existsSync(path.resolve(cwd, script));
  const isProgram = !isFile && (/\s/.test(script) || !path.extname(script));
  if (!isProgram && !OTHER_LANGUAGES.includes(path.extname(script))) return;
  const remedy = 'Programs and shell commands are not run: name the file that they run.';
  throw invalid('script', script, 'a file of JavaScript or TypeScript', remedy);
}

module.exports = { isEcosystem, readEcosystem };
