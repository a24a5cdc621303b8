// Messages by their action.

import { ClusterAlone, ClusterWorker } from '../../index';

/** Sends messages, and hears those of others by their `action` (egg's `messenger`). This package exports that of the process as
 *  `messenger`.
 *
 *  What it sends is `{ action, from, to, data }`, with `type` or `worker_pid`: a message like any other, which
 *  `process.on('message')` gets as well. The methods that send return false if you should wait before sending more (as
 *  `process.send` does). They throw `ClusterError` `ERR_MESSAGE_INVALID` if `action` is not a non-empty string or `pid` cannot be a
 *  pid. */
export interface Messenger {
  /** To all ready workers, this one included, and to the alone. */
  broadcast(action: string, data?: unknown): boolean;
  /** To the process with this pid: a worker or the alone. */
  sendTo(pid: number | string, action: string, data?: unknown): boolean;
  /** To one ready worker, chosen at random. */
  sendRandom(action: string, data?: unknown): boolean;
  /** To all ready workers, this one included (egg's `sendToApp`). */
  sendToWorkers(action: string, data?: unknown): boolean;
  /** To the alone (egg's `sendToAgent`). */
  sendToAlone(action: string, data?: unknown): boolean;
  /** To the app process. */
  sendToApp(action: string, data?: unknown): boolean;
  /** Calls `listener` for each message with this `action` to this process, from now on. As with `process.on('message')`, listening
   *  keeps a process alive that has nothing else to do. */
  on<Data = any>(action: string, listener: MessengerListener<Data>): this;
  /** The same, for the next one only. */
  once<Data = any>(action: string, listener: MessengerListener<Data>): this;
  /** Ends it. */
  off<Data = any>(action: string, listener: MessengerListener<Data>): this;
  /** The same as {@link off}. */
  removeListener<Data = any>(action: string, listener: MessengerListener<Data>): this;
}

/** `message`: the whole of it. `sender`: in the app, who sent it. */
export type MessengerListener<Data = any> = (
  data: Data,
  message: { action: string; data: Data; [field: string]: any },
  sender?: ClusterWorker | ClusterAlone,
) => void;

/**
 * The {@link Messenger} of this process: a worker, the alone, or the app (there, that of the cluster that was started last; for
 * others, use `Cluster.messenger`). You may import it anywhere; its methods throw `ClusterError` `ERR_NO_CLUSTER` if this process
 * belongs to no cluster, or has not started one yet.
 */
export const messenger: Messenger;
