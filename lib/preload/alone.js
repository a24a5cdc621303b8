'use strict';

// The alone's life beside its own files: nothing that they throw ends it, and only the master or the app's end does.

const { report, onCommand, onRefused } = require('./channel');
const faults = require('./faults');
const servers = require('./servers');
const signals = require('./signals');

const ORPHAN_GRACE_MS = 200;

/** What alone-main.js reads. */
let boot;

function start(received, prepare) {
  boot = received;
  process.title = `${boot.title}:alone`;
  // Before any loader's hook: one that compiles this package as well (linked, outside of node_modules) would make its import()
  // a require(). Of the module cache alone-main.js gets this one.
  require('../scripts/load-script');

  faults.watchBoot();
  servers.trackServers(boot.mode);
  const fence = boot.isFenced && require('./fence').receive;
  onCommand({ drain, exit: () => require('./draining').answered(), refused: onRefused, prepare, fence });
  // systemd and others signal every process of a service. The master says when it is the alone's turn: after the
  // workers, which may still need it.
  signals.start({
    onDelivered: (signal) => report('signalled', { signal }),
    onUnheard,
    endTimeout: boot.killTimeout,
    stopSignal: boot.stopSignal,
  });
  // It also refs the channel, which keeps the alone alive without any work of its own.
  process.on('disconnect', () => drain({ reason: 'orphaned', grace: ORPHAN_GRACE_MS, timeout: boot.killTimeout }));
}

function onUnheard(signal) {
  if (signals.isDelivered() && signals.isStopSignal(signal)) require('./draining').raised(signal);
}

/** Every file is loaded and what it returned is resolved: from now on the alone survives what it throws. */
function loaded() {
  faults.endBoot();
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', (thrown) => survive(thrown, 'unhandledRejection'));
  report('loaded');
}

function survive(thrown, origin) {
  faults.reportFault(thrown, 'run', false);
  faults.log(`${boot.title}:alone`, origin, thrown);
}

function drain(request) {
  require('./draining').drain(boot, request);
}

module.exports = { start, loaded, boot: () => boot };
