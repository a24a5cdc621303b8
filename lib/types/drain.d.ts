/** What `process.on('yunfly:drain')` is called with, in workers and in the alone: the process is about to end. */
export interface DrainEvent {
  /** `shutdown`, `replace` or `disconnect`: the master asked for it; the name of a signal; `uncaughtException`; `orphaned`:
   *  the app is gone. */
  reason: string;
  /** The process ends only after this promise has settled, too, but within `killTimeout`. It does not hold up the app's own listeners
   *  of `stopSignal` for longer than `streamTimeout`: where these end the process, they end it. */
  waitUntil(promise: PromiseLike<unknown>): void;
  /** `hook` is called when every request is answered, and what it returns is waited for as by `waitUntil`: the place to close what
   *  requests need, such as a connection pool. Before the app's own listeners of `stopSignal`. */
  afterRequests(hook: () => unknown): void;
}
