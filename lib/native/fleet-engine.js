'use strict';
// The engine of `fleet`: a second native binding, which only an app that has `fleet` loads. It is no part of this package: a clone
// builds it, and otherwise it is an optional one of its own.

const path = require('path');
const { ClusterError } = require('../errors');
const { bindingTarget, isClone, listed } = require('./missing');
const { name } = require('../../package.json');

/** What a clone builds, in the folder of the package. */
const bindingFile = () => `cluster-native-fleet.${bindingTarget()}.node`;
const packageName = () => `${name}-fleet-${bindingTarget()}`;

/** @returns `{ openFleet }` */
function load() {
  const reasons = [];
  for (const candidate of [path.join(__dirname, '../..', bindingFile()), packageName()]) {
    try {
      return require(candidate);
    } catch (error) {
      reasons.push(error.message.split('\n', 1)[0]);
    }
  }
  throw new ClusterError('ERR_FLEET_MISSING', missingMessage(reasons));
}

function missingMessage(reasons) {
  const remedy = isClone()
    ? 'This is a clone of the repository: build it with `npm run build:fleet`. It needs Rust 1.89 or later.'
    : `Install ${packageName()}, in the version of ${name} itself.`;
  return `\`fleet\` needs a native binding of its own, and none loads on ${bindingTarget()} with Node ${process.version}. Looked for:
${listed(reasons)}
${remedy}`;
}

/**
 * Starts the engine on a thread of its own.
 * @param {object} fleet `{ servers, name, host, tls?, credentials?, lease, onLost, alone }`
 * @param {{ openFleet(json: string): number }} [engine] another one, for tests
 * @returns the descriptor by which the native master speaks with it; when that is closed the engine ends
 */
function openFleet(fleet, engine = load()) {
  const { servers, name: fleetName, host, tls, credentials, lease, onLost, alone } = fleet;
  const json = JSON.stringify({ servers, name: fleetName, host, tls, credentials, lease, onLost, alone });
  try {
    return engine.openFleet(json);
  } catch (error) {
    // What the engine does not understand: it says which field.
    if (error.code === 'InvalidArg') throw new ClusterError('ERR_CONFIG_INVALID', error.message);
    throw error;
  }
}

module.exports = { bindingFile, openFleet };
