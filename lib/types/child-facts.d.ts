/** What a process of the cluster tells of itself, beside its state. */
export interface ChildFacts {
  /** How long ago it was forked, in ms. The clock of the system may be set meanwhile: this goes on. */
  readonly uptime: number;
  /** How long after its fork it was ready, in ms; for a standby worker, how long it took to boot. Undefined before that. */
  readonly readyAfter: number | undefined;
  /** The uncaught error that ends it, if there is one. Known before its `exit`; always undefined for an alone that was ready, since
   *  an error does not end that (event `aloneError`). */
  readonly exitError: Error | undefined;
}
