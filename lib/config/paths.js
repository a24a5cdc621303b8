'use strict';

// The fields of the configuration that name files.

const fs = require('fs');
const path = require('path');
const { listAloneFiles } = require('../scripts/alone-files');
const { invalid } = require('./check');

/** What is compiled comes first, where it lies beside its source. */
const EXTENSIONS = ['', '.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'];
const FROM_CWD = 'relative paths are resolved from `cwd`';
const DEFAULT_ALONE = { development: ['src/alone'], production: ['build/alone', 'dist/alone'] };

function stat(file) {
  return fs.statSync(file, { throwIfNoEntry: false });
}

function findScript(base) {
  return EXTENSIONS.map((extension) => base + extension).find((file) => stat(file)?.isFile());
}

/** Whether this process is in it; undefined: there is no such folder. */
function isWorkingFolder(folder) {
  const [one, other] = [stat(folder), stat('.')];
  return one && other && one.dev === other.dev && one.ino === other.ino;
}

/** This process's folder as the user went there: by the link `current`, say, which a deployment makes point to another release,
 *  in which later processes are then to run. POSIX has it in PWD, which holds only if it is the same folder. */
function workingFolder({ PWD: named } = process.env) {
  return named && path.isAbsolute(named) && isWorkingFolder(named) ? path.normalize(named) : process.cwd();
}

/** Where this process is, and by which name the user came there. */
function entered() {
  return { folder: process.cwd(), named: workingFolder() };
}

/** `followsLinks`: whether it is to be where a link in it leads at the time. */
function resolveCwd(cwd = '.', followsLinks = false) {
  const folder = followsLinks ? path.resolve(workingFolder(), cwd) : path.resolve(cwd);
  if (!stat(folder)?.isDirectory()) throw invalid('cwd', cwd, 'an existing folder', `There is none at ${folder}.`);
  return folder;
}

/** As require.resolve() does: the file itself, with an extension, or the folder's index. */
function resolveExec(exec, cwd) {
  const base = path.resolve(cwd, exec);
  const file = findScript(base) ?? findScript(path.join(base, 'index'));
  if (!file) {
    throw invalid('exec', exec, 'the path of an existing script', `There is none at ${base}; ${FROM_CWD}.`);
  }
  return file;
}

function isAloneFolder(folder) {
  return stat(folder)?.isDirectory() && listAloneFiles(folder).length > 0;
}

/** A folder of scripts that the alone would have in development, and has not in production. */
function unbuiltAlone({ alone }, cwd) {
  return alone === undefined
    ? DEFAULT_ALONE.development.find((folder) => isAloneFolder(path.join(cwd, folder)))
    : undefined;
}

/** The absolute path of the alone's script or folder; undefined: there is no alone. */
function resolveAlone(alone, cwd, mode) {
  if (alone === false) return undefined;
  if (alone === undefined) {
    return DEFAULT_ALONE[mode].map((folder) => path.join(cwd, folder)).find(isAloneFolder);
  }
  const base = path.resolve(cwd, alone);
  const file = findScript(base);
  if (file) return file;
  const allowed = 'the path of an existing script or folder, or false';
  if (!stat(base)?.isDirectory()) {
    throw invalid('alone', alone, allowed, `There is neither at ${base}; ${FROM_CWD}.`);
  }
  if (listAloneFiles(base).length === 0) {
    throw invalid(
      'alone',
      alone,
      'a folder with .js, .cjs, .mjs, .ts, .cts or .mts files',
      `There is none in ${base}.`,
    );
  }
  return base;
}

/** The name in the nearest package.json, else the folder's own. */
function packageName(cwd) {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    try {
      const { name } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
      if (typeof name === 'string' && name !== '') return name;
    } catch {
      // None here, or not readable: look further up.
    }
    if (folder === path.dirname(folder)) return path.basename(cwd) || 'app';
  }
}

module.exports = { isWorkingFolder, entered, resolveCwd, resolveExec, resolveAlone, unbuiltAlone, packageName };
