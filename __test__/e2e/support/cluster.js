'use strict';

const { RunningApp, fixture, runtime } = require('./running-app');
const { scope } = require('./scope');

/** Starts an app without waiting for its cluster. */
function launch(config, options) {
  const app = new RunningApp(config, options);
  scope().apps.add(app);
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

/** After each test: every app ends, and none leaves a process. */
async function stopAll() {
  const apps = [...scope().apps];
  scope().apps.clear();
  const results = await Promise.allSettled(apps.map((app) => app.stop()));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

module.exports = { launch, start, startNodeCluster, stopAll, fixture, runtime };
