'use strict';

// What a start script tells the benchmark; see ../../lib/subject.js.

const fs = require('node:fs');

const config = JSON.parse(process.argv[2]);

/** Synchronously: the time of a line must not depend on what else is under way. */
const tell = (name, pid) => fs.writeSync(1, `${JSON.stringify({ name, pid, at: Date.now() })}\n`);

/** For peers that fork by node:cluster, in this process. */
function tellOfNodeCluster() {
  const cluster = require('node:cluster');
  let listening = 0;
  cluster.on('listening', ({ process: { pid } }) => {
    tell('listening', pid);
    listening += 1;
    if (listening === config.workers) tell('ready');
  });
  cluster.on('fork', (worker) => {
    // Where PM2 stops a worker it sets this to 0 before the end is told.
    const { pid } = worker.process;
    worker.once('exit', () => tell('exit', pid));
  });
}

module.exports = { config, tell, tellOfNodeCluster };
