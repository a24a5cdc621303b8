'use strict';

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { UsageError } = require('./options');

/** The configuration that a file exports. */
async function readConfig(file) {
  const found = path.resolve(file);
  if (!fs.statSync(found, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`--config: there is no file ${found}.`);
  const config = await load(found);
  if (!isObject(config)) {
    throw new UsageError(`--config: ${found} must export the configuration, an object.`);
  }
  return config;
}

async function load(file) {
  try {
    if (path.extname(file) === '.json') return JSON.parse(fs.readFileSync(file, 'utf8'));
    return (await import(pathToFileURL(file))).default;
  } catch (cause) {
    throw new UsageError(`--config: ${file} could not be loaded: ${cause?.message}`, { cause });
  }
}

/** What was typed is laid over what the file says. */
function mergeConfig(fromFile, { config, nodeFlags }) {
  const { execArgv = process.execArgv } = fromFile;
  const merged = { ...fromFile, ...config };
  if (config.env) merged.env = mergeEnv(fromFile.env, config.env);
  // What the file has wrong stays as it is: it is refused with the configuration.
  if (nodeFlags.length > 0) merged.execArgv = Array.isArray(execArgv) ? [...execArgv, ...nodeFlags] : execArgv;
  return merged;
}

/** Variables laid over others; what is not variables at all stays as it is. */
function mergeEnv(below = {}, above = {}) {
  if (!isObject(below)) return below;
  return isObject(above) ? { ...below, ...above } : above;
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

module.exports = { readConfig, mergeConfig, mergeEnv };
