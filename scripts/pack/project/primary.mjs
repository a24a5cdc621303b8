import '@yunflyjs/cluster-native/register';
import cluster from 'node:cluster';
import { fork } from './run.js';

fork(cluster);
