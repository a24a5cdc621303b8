'use strict';
// Hosts of a fleet, all on this machine.

const fs = require('node:fs');
const path = require('node:path');
const { bindingFile } = require('../../../lib/native/fleet-engine');
const { launch, fixture } = require('./cluster');
const { NatsServer } = require('./nats');

/** `npm test` builds the engine where the Rust for it is. */
const hasEngine = fs.existsSync(path.join(__dirname, '../../..', bindingFile()));
if (!hasEngine) process.stderr.write('NOT RUN: a fleet. Its engine was not built: npm run build:fleet\n');

/** In place of describe(). */
const suite = hasEngine ? globalThis.describe : globalThis.describe.skip;

/** What is tested takes a lease or so: short, but a host that gets no processor for a second or two has it still. */
const LEASE = 2500;

const servers = new Set();

/** After each test. */
async function stopServers() {
  const stopping = [...servers];
  servers.clear();
  await Promise.all(stopping.map((server) => server.stop()));
}

async function startServer(options, port) {
  const server = new NatsServer(options, port);
  servers.add(server);
  return server.start();
}

/** Launches a host; it is ready when the fleet has an alone. */
function host(name, server, { fleet, ...config } = {}, options) {
  const settings = { url: server.url, name: 'test', host: name, lease: LEASE, ...fleet };
  const app = launch({ alone: fixture('alone/fleet.js'), count: 1, fleet: settings, ...config }, options);
  app.host = name;
  return app;
}

/** The next alone of one of these hosts: who has it, and what it reported. */
function nextAlone(...apps) {
  const next = async (app) => ({ app, alone: await app.report('alone') });
  return Promise.race(apps.map(next));
}

/** A token's place among all: its bucket, then its revision. */
const order = (token) => token.split('.').map(BigInt);

function isHigher(token, other) {
  const [[bucket, revision], [otherBucket, otherRevision]] = [order(token), order(other)];
  return bucket > otherBucket || (bucket === otherBucket && revision > otherRevision);
}

/** Whether a process is there: one that has ended, and was not reaped, is not. */
function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

module.exports = { LEASE, suite, startServer, stopServers, host, nextAlone, isHigher, isAlive };
