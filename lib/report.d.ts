// What the cluster reports of itself.

/** How many workers there are. */
export interface WorkerCounts {
  /** Ready, and taking work. */
  listening: number;
  /** Forked, not ready yet. */
  starting: number;
  /** Asked to finish, or finishing by themselves. */
  draining: number;
  /** Slots that wait to be forked again. */
  waiting: number;
}

/** A process of the cluster and its channel, as the master sees it. */
export interface ChildStats {
  /** What it is. */
  role: 'worker' | 'alone';
  /** Its id: `ClusterWorker.id` or `ClusterAlone.id`. */
  id: number;
  /** A worker's slot, null for the alone. */
  slot: number | null;
  /** Its process id. */
  pid: number;
  /** Messages that came from it, Node's own included. */
  received: number;
  /** Messages that were written to it, Node's own included. */
  sent: number;
  /** Bytes that wait to be written to it. */
  queuedBytes: number;
}

/** What `Cluster.stats()` tells. */
export interface ClusterStats {
  /** The workers by state. */
  workers: WorkerCounts;
  /** Every process. */
  children: ChildStats[];
  /** The way from the master to this process's JavaScript. */
  app: {
    /** Bytes of messages that wait until this process has time for them. */
    queuedBytes: number;
  };
}

/** What is known of a hung worker. */
export interface HangEvidence {
  /** For how long nothing was heard of it, in ms. */
  silentFor: number;
  /** `blocked`: it burns CPU (a loop, a regular expression). `stopped`: by a signal such as SIGSTOP. `waiting`: for something
   *  synchronous (a file, a lock). `unknown`: the system doesn't tell (not Linux). */
  state: 'blocked' | 'stopped' | 'waiting' | 'unknown';
  /** How much of one CPU it used while it was looked at: 0 to 1, more with several threads. */
  cpu: number;
}
