// What yunfly's framework and its apps call: the interface of `@yunflyjs/yunfly-cluster`.

import { EventEmitter } from 'events';
import type { Cluster } from '../..';
import type * as face from '../..';
import { ClusterConfig } from './cluster-config';
import { ReloadReport } from './reload';

/** The options of yunfly's cluster; all fields of {@link ClusterConfig} may be among them. In development nothing is watched unless
 *  `watch` says so. */
export interface YunflyOptions extends Omit<
  ClusterConfig,
  'alone' | 'count' | 'mode' | 'args' | 'env' | 'refork' | 'workTimeout'
> {
  /** The port that the workers listen on. The cluster is ready when it is open in each. Required. */
  port: number | string;
  /** The script of the alone process, or a folder of scripts. Without it, or `''`: no alone. */
  alone?: string | false | null;
  /** `false`: no alone, whatever `alone` says. Default: `true`. */
  useAloneWorker?: boolean;
  /** Workers in production. Default: one per CPU that this process may use. */
  count?: number | string | null;
  /** `'test'`: several workers in development, too. */
  mode?: 'test' | 'production' | 'development' | (string & {}) | null;
  /** The framework watches the files and calls `reloadAppWorker()`; no worker is forked again by itself. */
  isWatch?: boolean;
  /** Whether to replace workers that die. Default: `true` in production, `false` with `mode: 'test'`. With `isWatch`, and in development, it
   *  is always `false`. */
  refork?: boolean;
  /** As in {@link ClusterConfig}. Default: 1000, as the original's workers end at once by SIGTERM. */
  workTimeout?: number | false;
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
  autoCoverage?: boolean;
  /** No effect. */
  windowsHide?: boolean;
  /** No effect. */
  slaves?: string;
}

/** A cluster that is being started; returned at once. If the start fails this process exits with code 1, unless `handleSignals` is `false`. Emit `reload-worker`,
 *  `reload-alone` or `close-app` on it to do the same as the methods. */
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

/** Publish and subscribe as with `cluster-client`, on the topics of this package: a key is a topic. */
export interface YunflyClient extends EventEmitter {
  /** Always false: the master stands in for the leader. */
  readonly isClusterClientLeader: boolean;
  /** Calls back at once: there is nothing to connect to. */
  ready(callback: (error?: Error) => void): this;
  ready(): Promise<void>;
  /** Gets every value published under the key from now on, and the last one before, if there is one. */
  subscribe<Value = any>(registration: { key: string }, listener: (value: Value) => void): void;
  /** Gets one. */
  once<Value = any>(registration: { key: string }, listener: (value: Value) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
  /** Ends a subscription, or all of this client's to the key. */
  unSubscribe(registration: { key: string }, listener?: (value: any) => void): void;
  /** To all processes that have subscribed, this one included; kept for those who subscribe later. `false`: better to wait. */
  publish(publication: { key: string; value: unknown }): boolean;
  /** Ends all subscriptions of this client. */
  close(): Promise<void>;
}

/** The client of this process, for topics. The same as {@link getWorkerClient}. */
export function getAloneClient(): YunflyClient;

/** The client of this process, for topics. */
export function getWorkerClient(): YunflyClient;

/** The package as a whole: starts a cluster as `@yunflyjs/yunfly-cluster` does, and has all exports as its properties. */
declare const yunfly: typeof face &
  ((options: YunflyOptions, callback?: (this: YunflyMaster) => unknown) => YunflyMaster);
export default yunfly;
