import { ClusterConfig } from './lib/types/cluster-config';

/** What workers that `cluster.fork()` starts may have beyond what Node gives them. Nothing is on by default. */
export interface RegisterOptions extends Pick<ClusterConfig, 'hangTimeout' | 'maxMemory'> {
  /** Which worker gets a connection. Default: `'auto'`; with `cluster.schedulingPolicy = cluster.SCHED_NONE` or
   *  `NODE_CLUSTER_SCHED_POLICY=none` `'shared'`. Variable: `YUNFLY_BALANCE`. */
  balance?: ClusterConfig['balance'];
  /** Whether workers end as those of `startCluster` do: after `worker.disconnect()`, SIGTERM or an uncaught exception what began is
   *  answered, keep-alive connections are closed in good order, `yunfly:drain` is emitted, and SIGKILL comes after `killTimeout`. `false`:
   *  as Node does it. Default: `false`. Variable: `YUNFLY_DRAIN=1`. */
  drain?: boolean;
  /** With `drain`, and for a worker that hangs or holds too much memory: how long it may take to end, in ms, before SIGKILL. Default:
   *  25000. Variable: `YUNFLY_KILL_TIMEOUT`. */
  killTimeout?: number;
  /** How long the event loop of a worker at work may stand still, in ms, from 1000. It counts from when its script is loaded, and no longer
   *  once the worker was asked to disconnect. One that is silent longer gets SIGTERM, and SIGKILL after
   *  `killTimeout`: the app hears of its `exit`. Default: `false`, for ever. Variable: `YUNFLY_HANG_TIMEOUT`. */
  hangTimeout?: ClusterConfig['hangTimeout'];
  /** How much memory a worker may hold, as `'512M'`. One that holds more is disconnected, one at a time, and gets SIGKILL after
   *  `killTimeout`; its `exitedAfterDisconnect` is
   *  false, so that apps fork another. Default: `false`, any. Variable: `YUNFLY_MAX_MEMORY`. */
  maxMemory?: ClusterConfig['maxMemory'];
}

/**
 * Sets what workers have beyond Node. Options given here go before their variables.
 *
 * @param options see {@link RegisterOptions}
 * @throws `ClusterError` `ERR_CONFIG_INVALID`: an unknown option, or a wrong value; `ERR_ALREADY_STARTED`: a worker was forked before
 */
export function configure(options: RegisterOptions): void;
