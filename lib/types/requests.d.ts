// Requests and their answers.

/**
 * Asks another process, and resolves with its answer: the return value of its `onRequest` function. It works in workers, in the
 * alone and in the app (there, it uses the cluster that was started last; for others, call `Cluster.request`).
 *
 * A request is routed like a message, and like a message it waits for a receiver that has not started yet. With `type: 'all'`, it
 * resolves with the answers of all workers, and does not reject because some of them failed.
 *
 * @throws (rejects with) what the receiver's function threw ({@link RemoteError}), or a `ClusterError`:
 * - `ERR_NO_HANDLER`: the receiver has not called `onRequest` for this action
 * - `ERR_REQUEST_TIMEOUT`: no answer within `timeout`; the receiver may still complete the work
 * - `ERR_REQUEST_GONE`: the receiver exited before it answered, its host left the fleet or cannot be reached any more, or this process's
 *   own channel was closed
 * - `ERR_REQUEST_UNDELIVERABLE`: it reached nobody; its `reason` is that of the event `undeliverable`, or `too-many`: 65,536 requests of
 *   this process wait for answers
 * - `ERR_REQUEST_ABORTED`: `signal` was aborted; its reason is the `cause`
 * - `ERR_REQUEST_INVALID`: an invalid argument; `ERR_MESSAGE_INVALID`: the data or the answer cannot be serialized
 * - `ERR_MESSAGE_TOO_LARGE`: the request or its answer is larger than `maxMessageBytes`
 * - `ERR_NO_CLUSTER`: this process belongs to no cluster, or has not started one yet
 */
export function request<Answer = any, Data = any>(
  message: FleetBroadcastRequest<Data>,
  options?: RequestOptions,
): Promise<BroadcastAnswers<Answer, string>>;
export function request<Answer = any, Data = any>(
  message: BroadcastRequest<Data>,
  options?: RequestOptions,
): Promise<BroadcastAnswers<Answer>>;
export function request<Answer = any, Data = any>(
  message: RequestMessage<Data>,
  options?: RequestOptions,
): Promise<Answer>;

/**
 * Gives a job to one ready worker, chosen at random: of all hosts of the fleet, or of this cluster where there is none. It is a request to
 * `to: 'worker'` with `action: name`: that worker's `onRequest(name, …)` does the job, and its return value is the answer.
 *
 * If the worker, or its host, is gone before it has answered, the job is lost (`ERR_REQUEST_GONE`; `ERR_REQUEST_UNDELIVERABLE` if it had
 * not yet come there), or with `retry` given to another one: then it may be done twice, because the first one may have done it without
 * saying so.
 *
 * @param data the argument of the function that does it
 * @throws (rejects with) what {@link request} does
 */
export function job<Answer = any, Data = any>(name: string, data?: Data, options?: JobOptions): Promise<Answer>;

/**
 * Answers requests for this action to this process. A process that stops gracefully first answers the requests that it has
 * received.
 *
 * Call it before the process is ready (in a worker: before it listens), so that no request comes too early. In the app, use
 * `Cluster.onRequest` before `start()`.
 *
 * @returns a function that ends it
 * @throws `ClusterError` `ERR_HANDLER_EXISTS`: the action already has a function; `ERR_CALLBACK_INVALID`: not a function;
 * `ERR_REQUEST_INVALID`: no action; `ERR_NO_CLUSTER`: as for {@link request}
 */
export function onRequest<Data = any, Answer = any>(action: string, handler: RequestHandler<Data, Answer>): () => void;

/** Where a request goes, and what it asks. `Data`: the type of `data`; not checked at run time. */
export interface RequestMessage<Data = any> {
  /** Who answers: the alone, a worker, or the app (by `Cluster.onRequest`). The app cannot ask itself. */
  to: 'alone' | 'worker' | 'app';
  /** For workers. `worker`: one ready worker, chosen as for a message; `all`: every ready worker, including the one that asks.
   *  Default: `worker`. */
  type?: 'worker' | 'all';
  /** For workers: the one with this pid; not together with `type: 'all'`. With `scope: 'fleet'`: the one of a host, as `'host/4711'`. */
  worker_pid?: number | string;
  /** `'fleet'`: the workers of all hosts of the fleet, this one included. Not for `to: 'app'`. Nothing waits for another host: if it cannot
   *  be reached, the request is rejected at once (`ERR_REQUEST_UNDELIVERABLE`); one for any worker is then given to one of this host.
   *  Default: the workers of this host. For `to: 'alone'` it makes no difference: that is the alone of the fleet wherever it is, or with
   *  `fleet.alone: 'host'` that of this host. */
  scope?: 'fleet';
  /** Which function of the receiver answers: the name that it passed to `onRequest`. */
  action: string;
  /** The argument of that function; as with a message, `serialization` decides what it may contain. */
  data?: Data;
}

/** A request to every worker. */
export interface BroadcastRequest<Data = any> extends RequestMessage<Data> {
  to: 'worker';
  type: 'all';
  worker_pid?: undefined;
  scope?: undefined;
}

/** A request to every worker of every host. */
export interface FleetBroadcastRequest<Data = any> extends RequestMessage<Data> {
  to: 'worker';
  type: 'all';
  worker_pid?: undefined;
  scope: 'fleet';
}

/** How long to wait for the answer. */
export interface RequestOptions {
  /** In ms, at least 1; `Infinity`: as long as the receiver lives. It includes the wait for a receiver that has not started yet.
   *  Default: 30000. */
  timeout?: number;
  /** Aborting it stops the wait for the answer (`ERR_REQUEST_ABORTED`). The receiver is not told. */
  signal?: AbortSignal;
}

/** How long to wait for a job, and what to do when it is lost. `timeout` and `signal` are for all attempts together. */
export interface JobOptions extends RequestOptions {
  /** How many times to give the job to another worker if the one that has it exits, or its host leaves, before it answers. Default: 0. */
  retry?: number;
}

/** The answers of the workers. `Key`: `number`, or `string` with `scope: 'fleet'`. */
export interface BroadcastAnswers<Answer = any, Key = number> {
  /** By the worker's pid; with `scope: 'fleet'` by `'host/4711'`, for those of this host, too. */
  answers: Map<Key, Answer>;
  /** By the same, why a worker gave no answer: the error that its function threw, or a `ClusterError` (`ERR_REQUEST_GONE`,
   *  `ERR_REQUEST_TIMEOUT`, `ERR_NO_HANDLER`). By its name alone a host that did not even say which workers it has asked: then also
   *  `ERR_REQUEST_UNDELIVERABLE`. */
  failed: Map<Key, RemoteError>;
}

/** Whom `randomWorker()` with `scope: 'fleet'` has chosen. */
export interface ChosenWorker {
  /** Its host. */
  host: string;
  /** Its pid there. */
  pid: number;
}

/** An error that may come from another process. Its `stack` shows who awaits the answer (with `await`, in async functions). */
export interface RemoteError extends Error {
  /** The original code. */
  code?: string | number;
  /** Its stack in the process where it was thrown. */
  remoteStack?: string;
}

/** Who asks. */
export interface RequestContext {
  /** The kind of process that asks. */
  from: 'app' | 'alone' | 'worker';
  /** Its pid. */
  pid: number;
  /** The request's `action`. */
  action: string;
  /** The host of the process that asks, if that is another one. */
  host?: string;
}

/** Answers a request with its return value, or with the value that the returned promise resolves with. If it throws, or the
 *  promise rejects, the error is sent back: name, message, code, and the stack as `remoteStack`. Strings longer than 16 KiB are
 *  shortened in the middle. */
export type RequestHandler<Data = any, Answer = any> = (
  data: Data,
  context: RequestContext,
) => Answer | PromiseLike<Answer>;
