'use strict';

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { UsageError } = require('./options');

/** The configuration that a file exports. */
async function readConfig(file) {
  const found = path.resolve(file);
  if (!fs.statSync(found, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`--config: there is no file ${found}.`);
  const config = await load(found);
  if (config === null || typeof config !== 'object') {
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
  const merged = { ...fromFile, ...config };
  if (config.env) merged.env = { ...fromFile.env, ...config.env };
  if (nodeFlags.length > 0) merged.execArgv = [...(fromFile.execArgv ?? process.execArgv), ...nodeFlags];
  return merged;
}

module.exports = { readConfig, mergeConfig };
