'use strict';
// The app process: starts the cluster, says where it answers, and has one worker at random do a job now and then.

const path = require('node:path');
const { startCluster } = require('../..');

const JOB_INTERVAL_MS = 30_000;
const port = Number(process.env.PORT ?? 3000);

async function main() {
  const cluster = await startCluster({
    exec: path.join(__dirname, 'app.js'),
    alone: path.join(__dirname, 'alone'),
    count: 4,
    title: 'koa-example',
    env: { PORT: String(port) },
  });
  console.log(`${cluster.title}: ${cluster.workers.size} workers answer at http://localhost:${port} (Ctrl-C ends them)`);
  setInterval(() => cluster.randomWorker(), JOB_INTERVAL_MS).unref();
  cluster.on('unexpectedExit', (worker, code, signal) => {
    console.log(`worker ${worker.pid} died (${signal ?? `code ${code}`}); its slot ${worker.slot} gets a new one`);
  });
}

main().catch((error) => {
  if (error.cause?.code === 'EADDRINUSE') {
    console.error(`Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`);
  } else {
    console.error(error);
  }
  process.exitCode = 1;
});
