'use strict';

const { RunningApp, fixture, runtime } = require('./running-app');

/** Those of the test that runs. */
const running = new Set();
/** Those of all tests of its file. */
const shared = new Set();

/** Starts an app without waiting for its cluster. */
function launch(config, options) {
  const app = new RunningApp(config, options);
  running.add(app);
  return app;
}

/** Starts an app; resolves when its cluster is ready. */
async function start(config, options) {
  const app = launch(config, options);
  await app.event('started');
  return app;
}

/** The same workers under Node's own cluster module: what our events and errors are compared with. */
function startNodeCluster(config, options) {
  return start(config, { ...options, script: fixture('node-cluster.js') });
}

/** What runs now is ended after the last test of the file, not after this one. */
function keepAll() {
  for (const app of running) shared.add(app);
  running.clear();
}

/** After each test: every app ends, and none leaves a process. */
const stopAll = () => stop(running);

/** The same after the last test of a file. */
const stopShared = () => stop(shared);

async function stop(group) {
  const apps = [...group];
  group.clear();
  const results = await Promise.allSettled(apps.map((app) => app.stop()));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

module.exports = { launch, start, startNodeCluster, keepAll, stopAll, stopShared, fixture, runtime };
