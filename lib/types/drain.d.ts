/** The argument of `yunfly:drain` listeners on `process`, in workers and in the alone: the process is about to stop. */
export interface DrainEvent {
  /** `shutdown`, `replace` or `disconnect`: the master asked for it; `startTimeout`: this process was not ready in time, and has 1 s;
   *  or the name of a signal; `uncaughtException`; `orphaned`: the app is gone. */
  reason: string;
  /** The process exits only after this promise has settled, but within `killTimeout`. The promise delays the app's own listeners
   *  of `stopSignal` for no longer than `streamTimeout`; if these exit the process, nothing waits for the promise any more. */
  waitUntil(promise: PromiseLike<unknown>): void;
  /** `hook` is called when every request is answered, before the app's own listeners of `stopSignal`. The process waits for the
   *  promise it returns, as with `waitUntil`. This is the place to close what requests need, such as a connection pool. */
  afterRequests(hook: () => unknown): void;
}
