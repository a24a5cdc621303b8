// Requests and their answers.

/**
 * Asks another process, and resolves with its answer: what its `onRequest` function returns. The same in the app (of the
 * cluster that was started last; others have `Cluster.request`), in workers and in the alone.
 *
 * The receiver is chosen as for a message, and a request waits as a message does for one that is not there yet. With
 * `type: 'all'` it resolves with every worker's answer, and does not reject because some of them failed.
 *
 * @throws (rejects with) what the receiver's function threw ({@link RemoteError}), or a `ClusterError`:
 * - `ERR_NO_HANDLER`: the receiver called no `onRequest` for this action
 * - `ERR_REQUEST_TIMEOUT`: no answer within `timeout`; it may still be answered there
 * - `ERR_REQUEST_GONE`: the receiver ended before it answered, or this process's own channel was closed
 * - `ERR_REQUEST_UNDELIVERABLE`: it reached nobody; the message holds the reason, as in the event `undeliverable`, or `too-many`: 65,536
 *   requests of this process wait for answers
 * - `ERR_REQUEST_ABORTED`: by `signal`, whose reason is the `cause`
 * - `ERR_REQUEST_INVALID`: a wrong argument; `ERR_MESSAGE_INVALID`: the data or the answer cannot be written
 * - `ERR_MESSAGE_TOO_LARGE`: the request or its answer is larger than `maxMessageBytes`
 * - `ERR_NO_CLUSTER`: this process belongs to no cluster, or no cluster was started in it yet
 */
export function request<Answer = any, Data = any>(
  message: BroadcastRequest<Data>,
  options?: RequestOptions,
): Promise<BroadcastAnswers<Answer>>;
export function request<Answer = any, Data = any>(
  message: RequestMessage<Data>,
  options?: RequestOptions,
): Promise<Answer>;

/**
 * Answers the requests of this action to this process. Before the process ends in good order, what it was asked is answered.
 *
 * Call it before the process is ready (in a worker: before it listens), so that no request comes too early. In the app use
 * `Cluster.onRequest` before `start()`.
 *
 * @returns a function that ends it
 * @throws `ClusterError` `ERR_HANDLER_EXISTS`: the action has a function already; `ERR_CALLBACK_INVALID`: no function;
 * `ERR_REQUEST_INVALID`: no action; `ERR_NO_CLUSTER`: as for {@link request}
 */
export function onRequest<Data = any, Answer = any>(action: string, handler: RequestHandler<Data, Answer>): () => void;

/** Where a request goes, and what it asks. `Data`: the type of what is handed over; nothing checks it at run time. */
export interface RequestMessage<Data = any> {
  /** Who is to answer: the alone, a worker, or the app (`Cluster.onRequest` there). The app does not ask itself. */
  to: 'alone' | 'worker' | 'app';
  /** For workers: `worker`: one ready worker, chosen as for a message; `all`: every ready worker, the one that asks
   *  included. Default: `worker`. */
  type?: 'worker' | 'all';
  /** For workers: the one with this pid; not together with `type: 'all'`. */
  worker_pid?: number;
  /** Which of the receiver's functions answers: the name that it gave to `onRequest`. */
  action: string;
  /** What that function is called with; as with a message, what it may be depends on `serialization`. */
  data?: Data;
}

/** A request that every worker is to answer. */
export interface BroadcastRequest<Data = any> extends RequestMessage<Data> {
  to: 'worker';
  type: 'all';
  worker_pid?: undefined;
}

/** How long an answer is waited for. */
export interface RequestOptions {
  /** In ms, from 1; `Infinity`: as long as the receiver lives. Also how long the request may wait for a receiver that is not
   *  there yet. Default: 30000. */
  timeout?: number;
  /** Aborted: the answer is not waited for any more (`ERR_REQUEST_ABORTED`). The receiver does not hear of it. */
  signal?: AbortSignal;
}

/** What the workers answered. */
export interface BroadcastAnswers<Answer = any> {
  /** By the worker's pid. */
  answers: Map<number, Answer>;
  /** Why there is no answer of the worker with this pid: what its function threw, or a `ClusterError` (`ERR_REQUEST_GONE`,
   *  `ERR_REQUEST_TIMEOUT`, `ERR_NO_HANDLER`). */
  failed: Map<number, RemoteError>;
}

/** An error that may come from another process. Its `stack` shows who awaits the answer (`await`, in async functions). */
export interface RemoteError extends Error {
  /** As it was there. */
  code?: string | number;
  /** Its stack in the process where it was thrown. */
  remoteStack?: string;
}

/** Who asks. */
export interface RequestContext {
  /** What the process that asks is. */
  from: 'app' | 'alone' | 'worker';
  /** Its pid. */
  pid: number;
  /** The request's `action`. */
  action: string;
}

/** Answers requests with what it returns, or with what the promise that it returns resolves with. What it throws, or the
 *  promise rejects with, crosses as an error: name, message, code, and the stack as `remoteStack`. Of a text of more
 *  than 16 KiB the middle is left out. */
export type RequestHandler<Data = any, Answer = any> = (
  data: Data,
  context: RequestContext,
) => Answer | PromiseLike<Answer>;
