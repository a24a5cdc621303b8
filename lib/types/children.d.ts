import { EventEmitter } from 'events';
import { ChildFacts } from './child-facts';
import { ClusterProcess, SendCallback } from './child-process';
import { Handle, SendOptions } from './handles';
import { ProfiledChild } from './profile';
import { ExitReason } from './report';

/** A process of the cluster. Like Node's Worker, an EventEmitter: `message`, `online`, `disconnect`, `exit` (code, signal); with
 *  `output: 'pipe'`, also `output` (text, stream). */
declare class ClusterChild extends EventEmitter {
  protected constructor();
  /** Never reused within a cluster. */
  readonly id: number;
  /** Its process id. */
  readonly pid: number;
  /** The child as a ChildProcess, for tools. */
  readonly process: ClusterProcess;
  /** Why it exited, or is stopping. Undefined while it is not stopping. */
  readonly exitReason: ExitReason | undefined;
  /** When it was forked, as `Date.now()`. */
  readonly startedAt: number;
  /**
   * Sends a message to exactly this process, whatever its `to` says (Node's `worker.send`; handle and options may be left out before
   * the callback).
   *
   * @param handle a connection, a server or a datagram socket to send with the message. A `net.Socket` is then closed here. It
   * should be paused or unread: data that was already read stays here. If it is already closed, the message goes without it. A
   * TLS connection cannot be sent
   * @param callback called when the message has been handed on, or with an error if the process is gone
   * @returns false if the sender should wait before sending more, or if the process is gone (then a handle stays as it was)
   * @throws {@link ClusterError}: `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`, `ERR_HANDLE_INVALID`, `ERR_SEND_ARGUMENTS`
   */
  send(message: any, callback?: SendCallback): boolean;
  send(message: any, handle: Handle | null | undefined, callback?: SendCallback): boolean;
  send(
    message: any,
    handle: Handle | null | undefined,
    options: SendOptions | undefined,
    callback?: SendCallback,
  ): boolean;
  /**
   * Sends a signal (Node's `worker.kill` in the primary). Default: SIGTERM. On SIGTERM, SIGINT and SIGQUIT a worker stops as with
   * `disconnect()`, within `killTimeout`, and is replaced; the alone ignores them, unless it listens to them itself. 0 sends no
   * signal.
   *
   * @returns whether the process was still alive
   * @throws {@link ClusterError} `ERR_UNKNOWN_SIGNAL`
   */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** Whether its channel is open (as in Node). */
  isConnected(): boolean;
  /** Whether its process has exited (as in Node). */
  isDead(): boolean;
}

interface ClusterChild extends ChildFacts, ProfiledChild {}

/** A worker. A *slot* is a place, and a worker is one process in it: its successor has the same slot and a new id. */
export class ClusterWorker extends ClusterChild {
  private constructor();
  /** Its slot, from 1 to `count`; the worker's own `NODE_APP_INSTANCE` (`instanceVar`) is one less. `id` is its
   *  `cluster.worker.id`. Undefined for a standby worker (`standby`). */
  readonly slot: number | undefined;
  /** Its state. Node's names, and `forking`, `standby` (booted, without a slot), `draining` (it takes no new connections and
   *  finishes its work). `listening` is not yet `ready`: see the event `workerReady`. */
  readonly state: 'forking' | 'online' | 'standby' | 'listening' | 'draining' | 'disconnected' | 'dead';
  /** Whether the exit was requested (Node's property). Undefined until its channel is closed. */
  readonly exitedAfterDisconnect: boolean | undefined;
  /** Asks it to drain and exit (Node's `worker.disconnect`); its slot is filled again. */
  disconnect(): this;
}

/** The alone. There are never two of them at the same time. */
export class ClusterAlone extends ClusterChild {
  private constructor();
  /** Its state. */ readonly state: 'forking' | 'online' | 'ready' | 'draining' | 'disconnected' | 'dead';
}

export {};
