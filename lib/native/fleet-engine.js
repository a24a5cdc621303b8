'use strict';

// The second native binding: what several hosts agree over (docs/adr/076). Loaded only where `fleet` is configured.

const { createRequire } = require('module');
const path = require('path');
const { ClusterError } = require('../errors');
const { bindingTarget, isClone, listed } = require('./missing');
const { name, napi, version } = require('../../package.json');

const root = path.join(__dirname, '../..');

/** Starts it on threads of its own. @returns two descriptors: the master's ends of two pairs of sockets, whose other ends are the engine's.
 *  The first is for what they tell each other: when it is closed the engine ends. The second is for what other hosts are sent. `cwd`: the cluster's. */
function openFleet(settings, cwd) {
  const { openFleet: open } = load(cwd);
  try {
    return open(JSON.stringify(settings));
  } catch (error) {
    // What the engine alone can tell of the configuration: that a name is too long for the servers. Without secrets.
    if (error.code === 'InvalidArg') throw new ClusterError('ERR_CONFIG_INVALID', error.message);
    throw error;
  }
}

/** What a clone builds, in the folder of the package. */
const bindingFile = (target = bindingTarget()) => `${napi.binaryName}-fleet.${target}.node`;
/** What a release publishes. */
const optionalPackage = (target) => `${name}-fleet-${target}`;

/** That of a clone or of an own build stands in the package; that of a release is a package that the app has: where this one lies elsewhere
 *  (a link, Yarn's PnP, pnpm without hoisting), only the app finds it. */
function load(cwd) {
  const target = bindingTarget();
  const optional = optionalPackage(target);
  const places = [
    () => require(path.join(root, bindingFile(target))),
    () => ofVersion(optional, require),
    ...appFolders(cwd).map((folder) => () => ofVersion(optional, createRequire(path.join(folder, 'package.json')))),
  ];
  const failures = [];
  for (const take of places) {
    try {
      return take();
    } catch (cause) {
      failures.push(cause);
    }
  }
  throw new ClusterError('ERR_FLEET_MISSING', missingMessage(optional, target, failures), { cause: failures.at(-1) });
}

/** Its script may be elsewhere than where it was started from, and than what it starts. */
function appFolders(cwd) {
  const [, script] = process.argv;
  return [...new Set([script && path.dirname(path.resolve(script)), cwd, process.cwd()].filter(Boolean))];
}

/** Nothing else holds both to one version: the user installs it by name. */
function ofVersion(optional, requireFrom) {
  const engine = requireFrom(optional);
  const { version: found } = requireFrom(`${optional}/package.json`);
  if (found !== version) throw new Error(`${optional} has the version ${found}, and this package ${version}`);
  return engine;
}

function missingMessage(optional, target, failures) {
  const remedy = isClone()
    ? 'This is a clone of the repository: build it with `npm run build:fleet`, which needs Rust 1.89 or later'
    : `Install ${optional}@${version}`;
  const reasons = new Set(failures.map(({ message }) => message.split('\n', 1)[0]));
  return `\`fleet\` needs a native binding of its own, and none loads on ${target} with Node ${process.version}. Looked for:
${listed([...reasons])}
${remedy}, or leave \`fleet\` out.`;
}

module.exports = { bindingFile, openFleet, optionalPackage };
