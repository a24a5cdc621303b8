// What yunfly's framework and its apps call: the interface of `@yunflyjs/yunfly-cluster`.

import { EventEmitter } from 'events';
import type { Cluster } from '../..';
import type * as face from '../..';
import { ClusterConfig } from './cluster-config';
import { ReloadReport } from './reload';

/** The options of yunfly's cluster; all fields of {@link ClusterConfig} may be among them. In development nothing is watched unless
 *  `watch` says so. */
export interface YunflyOptions extends Omit<ClusterConfig, 'alone' | 'count' | 'mode' | 'args' | 'env'> {
  /** The port that the workers listen on. The cluster is ready when it is open in each. Required. */
  port: number | string;
  /** The script of the alone process, or a folder of scripts. Without it, or `''`: no alone. */
  alone?: string | false | null;
  /** `false`: no alone, whatever `alone` says. Default: `true`. */
  useAloneWorker?: boolean;
  /** Workers in production. Default: one per CPU that this process may use. */
  count?: number | string | null;
  /** `'test'`: several workers in development, too. */
  mode?: 'test' | 'production' | 'development' | null;
  /** The framework watches the files and calls {@link YunflyMaster.reloadAppWorker}; no worker is forked again by itself. */
  isWatch?: boolean;
  /** The workers' arguments. */
  args?: string | readonly string[] | null;
  /** Merged into `process.env`. */
  env?: NodeJS.ProcessEnv | ClusterConfig['env'];
  /** The log tells the app's address with `https`. */
  https?: boolean;
  /** The address that the log tells. Default: `127.0.0.1`. */
  address?: string;
  /** The framework's version, which the log tells. */
  yunflyVerfion?: string;
  /** No effect: what has failed is tried again for `limit` seconds. */
  duration?: number;
  /** No effect. */
  windowsHide?: boolean;
  /** No effect, with the process warning `CLUSTER_OPTION_IGNORED`. */
  slaves?: string;
}

/** What starts at once. If the start fails this process exits with code 1, unless `handleSignals` is `false`. Emit `reload-worker`,
 *  `reload-alone` or `close-app` on it for what the methods of such names do. */
export interface YunflyMaster extends EventEmitter {
  /** The cluster beneath. */
  readonly cluster: Cluster;
  /** Calls back when the alone and all workers are ready; at once if they are. */
  ready(callback?: (this: YunflyMaster) => unknown): this;
  /** Replaces the workers without losing a request. Resolves with the report, or with undefined if it could not begin. It never
   *  rejects: the log tells of a failure. */
  reloadAppWorker(): Promise<ReloadReport | undefined>;
  /** Replaces the alone. */
  reloadAppAlone(): Promise<ReloadReport | undefined>;
  /** Closes the cluster gracefully; this process then exits with code 0. */
  closeApp(): void;
}

/** Starts a cluster as `@yunflyjs/yunfly-cluster` does. */
export type StartYunfly = (options: YunflyOptions, callback?: (this: YunflyMaster) => unknown) => YunflyMaster;

/** The package as a whole: a function, with all exports as its properties. */
export type YunflyFace = StartYunfly & typeof face;

declare const yunfly: YunflyFace;
export default yunfly;
