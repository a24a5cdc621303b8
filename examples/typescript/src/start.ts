// The app process: starts the cluster, and has one worker at random do a job now and then.
// `alone` is not given: it is src/alone in development, build/alone in production.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createCluster } from '@yunflyjs/cluster-native';

const JOB_INTERVAL_MS = 30_000;
const port = Number(process.env.PORT ?? 3000);

async function start(): Promise<void> {
  const cluster = createCluster({
    // Without its extension: src/app.ts beside this file, build/app.js once it is compiled.
    exec: fileURLToPath(new URL('app', import.meta.url)),
    count: 2,
    title: 'typescript-example',
    env: { PORT: port },
  });
  // PORT=0 asks for any free port: this is the one that it got.
  const [[, address]] = await Promise.all([once(cluster, 'listening'), cluster.start()]);
  console.log(
    `${cluster.title} answers at http://localhost:${address.port}, workers: ${cluster.workers.size} (Ctrl-C ends them)`,
  );
  setInterval(() => cluster.randomWorker(), JOB_INTERVAL_MS).unref();
}

try {
  await start();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
