import type { EventEmitter } from 'events';
import type { Handle, SendOptions } from '../..';

/** Called when a message was handed on, with Node's error ('Channel closed') if the process is gone. */
export type SendCallback = (error: Error | null) => void;

/** A child as tools know it that are written for `child_process`: what is `worker.process` in Node. It emits `message` (message,
 *  handle) before the cluster does, and `disconnect` and `exit` (code, signal) after it. */
export interface ClusterProcess extends EventEmitter {
  /** Its process id. */
  readonly pid: number;
  /** The same as `pid`. */
  readonly id: number;
  /** Whether messages can be sent. */
  readonly connected: boolean;
  /** Its exit code; null before its end, or if a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended it. */
  readonly signalCode: NodeJS.Signals | null;
  /** Whether `kill()` here sent it a signal. */
  readonly killed: boolean;
  /** Null, as with `stdio: 'inherit'`: for the children's output see `output` of the configuration. */
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
  /** As `disconnect()` of a worker. Without effect on the alone. */
  disconnect(): void;
  /** Without effect: the cluster keeps the app process alive. */
  ref(): void;
  /** Without effect, like `ref()`. */
  unref(): void;
}
