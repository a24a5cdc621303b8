'use strict';

// `admin`: where the cluster is looked at. A port alone, or an object. Read when it was given.

const net = require('net');
const path = require('path');
const { invalid } = require('./check');
const { isObject, isString } = require('./kinds');

const FIELDS = {
  port: isPort,
  path: isString,
  // Not with a zone, such as fe80::1%eth0.
  host: (host) => host === 'localhost' || (net.isIP(host) !== 0 && !host.includes('%')),
  page: (page) => typeof page === 'boolean',
  readyWorkers: (count) => Number.isInteger(count) && count >= 1 && count <= 1000,
  allowedHosts: (hosts) => Array.isArray(hosts) && hosts.every(isString),
};

const LOOPBACK = '127.0.0.1';

function isPort(port) {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

/** `{ port | path, … }` with nothing that is not known: a name in it is security. */
function accepts(admin) {
  if (isPort(admin)) return true;
  if (!isObject(admin) || (admin.port === undefined) === (admin.path === undefined)) return false;
  if (admin.path !== undefined && admin.host !== undefined) return false;
  return Object.entries(admin).every(
    ([name, value]) => Object.hasOwn(FIELDS, name) && (value === undefined || FIELDS[name](value)),
  );
}

/** As the master has it (AdminConfig in crates/master/src/admin.rs). */
function settled(admin) {
  const {
    port,
    path,
    host = LOOPBACK,
    page = false,
    readyWorkers = 1,
    allowedHosts = [],
  } = isPort(admin) ? { port: admin } : admin;
  const address = path === undefined ? { host: host === 'localhost' ? LOOPBACK : host, port } : { path };
  return { address, page, readyWorkers, allowedHosts: [...allowedHosts] };
}

/** What depends on other fields: a path is relative to `cwd`, and more workers than there are never listen. */
function placed(admin, { cwd, count, mode }) {
  const { address, readyWorkers } = admin;
  if (mode === 'production' && readyWorkers > count) {
    const remedy = 'Lower it, or raise `count`.';
    throw invalid('admin.readyWorkers', readyWorkers, `at most \`count\`, which is ${count}`, remedy);
  }
  return {
    ...admin,
    address: address.path === undefined ? address : { path: path.resolve(cwd, address.path) },
    readyWorkers: Math.min(readyWorkers, count),
  };
}

module.exports = { accepts, placed, settled };
