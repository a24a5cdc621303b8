'use strict';

// Forking, and what becomes of a worker: as in lib/internal/cluster/primary.js, whose names and order these are.

const cluster = require('cluster');
const { EventEmitter } = require('events');
const timers = require('../real-timers');
const { Channels } = require('./channels');
const { bootOf, masterConfig } = require('./master-config');
const { options } = require('./options');
const { start } = require('./start');

/** Node's own may have forked before. */
let ids = Math.max(0, ...Object.keys(cluster.workers).map(Number));

/** All whose end was not told yet. One that was asked to disconnect is no longer in `cluster.workers`, and is heard all the same. */
const heard = new Map();

/** Who waits for the last worker to be gone. */
const intercom = new EventEmitter();

/** As it was when the first worker was forked: Node freezes it as well. */
let policy;
let chosen;
let opened;

function freezePolicy() {
  policy ??= cluster.schedulingPolicy;
}

function channels() {
  return (opened ??= new Channels(masterConfig(policy, chosen), { online, listening, leaving, failed }));
}

function fork(env) {
  cluster.setupPrimary();
  chosen ??= options();
  ids += 1;
  const { settings } = cluster;
  const boot = bootOf(settings.serialization ?? 'json', chosen);
  const worker = new cluster.Worker({ id: ids, process: start(channels(), ids, env, settings, boot) });
  worker.on('message', function (message, handle) {
    cluster.emit('message', this, message, handle);
  });
  worker.process.once('exit', (code, signal) => exited(worker, code, signal));
  worker.process.once('disconnect', () => disconnected(worker));
  timers.nextTick(() => cluster.emit('fork', worker));
  cluster.workers[worker.id] = worker;
  heard.set(worker.id, worker);
  return worker;
}

/** It stays in the list as long as something may still come from it. */
function exited(worker, code, signal) {
  if (!worker.isConnected()) remove(worker);
  heard.delete(worker.id);
  worker.exitedAfterDisconnect = Boolean(worker.exitedAfterDisconnect);
  worker.state = 'dead';
  worker.emit('exit', code, signal);
  cluster.emit('exit', worker, code, signal);
}

function disconnected(worker) {
  if (worker.isDead()) remove(worker);
  worker.exitedAfterDisconnect = Boolean(worker.exitedAfterDisconnect);
  worker.state = 'disconnected';
  worker.emit('disconnect');
  cluster.emit('disconnect', worker);
}

function remove(worker) {
  delete cluster.workers[worker.id];
  if (Object.keys(cluster.workers).length === 0) intercom.emit('disconnect');
}

function online(id) {
  const worker = heard.get(id);
  if (!worker) return;
  worker.state = 'online';
  worker.emit('online');
  cluster.emit('online', worker);
}

function listening(id, address) {
  const worker = heard.get(id);
  if (!worker) return;
  worker.state = 'listening';
  worker.emit('listening', address);
  cluster.emit('listening', worker, address);
}

/** It disconnects, or is asked to. */
function leaving(id, reason) {
  const worker = heard.get(id);
  if (worker && reason === 'disconnect') worker.exitedAfterDisconnect = true;
}

/** The next worker gets another one. */
function failed() {
  opened = undefined;
}

function disconnectWorker(worker) {
  worker.exitedAfterDisconnect = true;
  opened?.disconnect(worker.id);
  remove(worker);
  return worker;
}

function disconnect(callback) {
  const workers = Object.values(cluster.workers);
  if (workers.length === 0) timers.nextTick(() => intercom.emit('disconnect'));
  for (const worker of workers) if (worker.isConnected()) worker.disconnect();
  if (typeof callback === 'function') intercom.once('disconnect', callback);
}

/** Its end was not told yet, and this forked it. */
function isOurs(worker) {
  return heard.has(worker.id);
}

module.exports = { freezePolicy, fork, disconnect, disconnectWorker, isOurs };
