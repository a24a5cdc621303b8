import startCluster, { getAloneClient } from '@yunflyjs/cluster-native/yunfly';
import alias, { getWorkerClient } from '@yunflyjs/yunfly-cluster';
import { start } from './run.js';

await start(startCluster);
await start(alias);
if (typeof getAloneClient !== 'function' || typeof getWorkerClient !== 'function') throw new Error('no clients');
