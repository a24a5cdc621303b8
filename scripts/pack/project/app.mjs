import { createCluster } from '@yunflyjs/cluster-native';
import { run } from './run.js';

await run({ createCluster });
