import type { EventEmitter } from 'events';
import type { Handle, SendOptions } from '../..';

/** Called when the message has been handed on, or with Node's error ('Channel closed') if the process is gone. */
export type SendCallback = (error: Error | null) => void;

/** A child, for tools that are written for `child_process`: the counterpart of Node's `worker.process`. It emits `message`
 *  (message, handle) before the cluster does, and `disconnect` and `exit` (code, signal) after it. */
export interface ClusterProcess extends EventEmitter {
  /** Its process id. */
  readonly pid: number;
  /** The same as `pid`. */
  readonly id: number;
  /** Whether messages can be sent. */
  readonly connected: boolean;
  /** Its exit code; null while it is alive, or if a signal killed it. */
  readonly exitCode: number | null;
  /** The signal that killed it. */
  readonly signalCode: NodeJS.Signals | null;
  /** Whether `kill()` here sent it a signal. */
  readonly killed: boolean;
  /** Null, as with `stdio: 'inherit'`. For the children's output, see `output` in the configuration. */
  readonly stdin: null;
  readonly stdout: null;
  readonly stderr: null;
  readonly stdio: readonly [null, null, null];
  /** As `send()` of the child. */
  send(message: any, callback?: SendCallback): boolean;
  send(message: any, handle: Handle | null | undefined, callback?: SendCallback): boolean;
  send(
    message: any,
    handle: Handle | null | undefined,
    options: SendOptions | undefined,
    callback?: SendCallback,
  ): boolean;
  /** As `kill()` of the child. */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** As `disconnect()` of a worker. No effect on the alone. */
  disconnect(): void;
  /** No effect: the cluster keeps the app process alive. */
  ref(): void;
  /** No effect, like `ref()`. */
  unref(): void;
}
