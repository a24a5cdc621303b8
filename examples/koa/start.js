'use strict';
// A Koa app: says where it answers, and has one worker at random do a job now and then.
// Run it in this folder: NODE_ENV=production node start.js (or npm start in the repository)

const { once } = require('node:events');
const path = require('node:path');
const { createCluster } = require('@yunflyjs/cluster-native');

const JOB_INTERVAL_MS = 30_000;
const port = Number(process.env.PORT ?? 3000);

async function main() {
  const cluster = createCluster({
    exec: path.join(__dirname, 'app.js'),
    alone: path.join(__dirname, 'alone'),
    count: 4,
    title: 'koa-example',
    env: { PORT: String(port) },
  });
  cluster.on('unexpectedExit', (worker, code, signal) => {
    console.log(`worker ${worker.pid} of slot ${worker.slot} died (${signal ?? `code ${code}`})`);
  });
  // PORT=0 asks for any free port: this is the one that it got.
  const [[, address]] = await Promise.all([once(cluster, 'listening'), cluster.start()]);
  console.log(
    `${cluster.title}: ${cluster.workers.size} workers answer at http://localhost:${address.port} (Ctrl-C ends them)`,
  );
  setInterval(() => cluster.randomWorker(), JOB_INTERVAL_MS).unref();
}

main().catch((error) => {
  if (error.cause?.code === 'EADDRINUSE') {
    console.error(`Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`);
  } else {
    console.error(error);
  }
  process.exitCode = 1;
});
