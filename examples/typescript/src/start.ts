// The app process: starts the cluster, and has one worker at random do a job now and then.
// `alone` is not given: it is src/alone in development, build/alone in production.

import { fileURLToPath } from 'node:url';
import { startCluster, type Cluster } from '@yunflyjs/cluster-native';

const JOB_INTERVAL_MS = 30_000;
const port = Number(process.env.PORT ?? 3000);

async function start(): Promise<Cluster> {
  const cluster = await startCluster({
    // Without its extension: src/app.ts beside this file, build/app.js once it is compiled.
    exec: fileURLToPath(new URL('app', import.meta.url)),
    count: 2,
    title: 'typescript-example',
    env: { PORT: port },
  });
  setInterval(() => cluster.randomWorker(), JOB_INTERVAL_MS).unref();
  return cluster;
}

try {
  const { title, workers } = await start();
  console.log(`${title} answers at http://localhost:${port}, workers: ${workers.size} (Ctrl-C ends them)`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
