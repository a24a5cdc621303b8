'use strict';

// What a start script tells the benchmark; see subject.js.

const fs = require('node:fs');

const config = JSON.parse(process.argv[2]);
/** Where the benchmark reads; stdout, unless that is what is measured. */
const fd = Number(process.env.CLUSTER_NATIVE_BENCHMARK_FD ?? 1);

/** Synchronously: the time of a line must not depend on what else is under way. */
const write = (line) => fs.writeSync(fd, `${JSON.stringify(line)}\n`);

const tell = (name, pid, details) => write({ name, pid, at: Date.now(), ...details });

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
    tell('fork', pid);
    worker.once('exit', (code, signal) => tell('exit', pid, { code, signal }));
  });
}

module.exports = { config, write, tell, tellOfNodeCluster };
