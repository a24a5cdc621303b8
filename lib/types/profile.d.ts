// Profiles of one process: child.profile(), and profile() of a ControlClient.

/** A process that can be profiled. */
export interface ProfiledChild {
  /**
   * Has the process write a profile of itself, which Chrome's DevTools open. It goes to disk as it is made, in a new file that only this
   * user can read: it holds what the process holds. It needs no port. One profile of a process at a time.
   *
   * @throws (rejects with) `ClusterError`: `ERR_PROFILE_INVALID`, `ERR_PROFILE_FILE`, `ERR_PROFILE_UNDER_WAY`, `ERR_PROFILE_UNANSWERED`,
   * `ERR_PROFILE_UNAVAILABLE`, `ERR_PROFILE_IN_PLACE`, `ERR_PROFILE_ENDED`, `ERR_PROFILE_FAILED`, `ERR_CLOSED`
   */
  profile(options: ProfileOptions): Promise<ProfileReport>;
}

/**
 * - `cpu`: where its JavaScript spends its time (`.cpuprofile`)
 * - `heap`: everything that it holds (`.heapsnapshot`). Writing it stops the process for seconds, and takes about as much memory again
 * - `heapSampling`: who allocates what it holds, by samples (`.heapprofile`); cheap enough for production
 * - `report`: Node's diagnostic report (`.json`): stacks, handles, heap spaces, the environment
 */
export type ProfileKind = 'cpu' | 'heap' | 'heapSampling' | 'report';

export interface ProfileOptions {
  kind: ProfileKind;
  /** How long `cpu` and `heapSampling` measure, in ms: 1 to 600000. Default: 10000. */
  duration?: number;
  /** Where to write it. An existing file is not overwritten. Default: in the current directory, named after title, slot, pid and time. */
  file?: string;
  /** For `heap` in production. Default: false: a worker is first replaced, as by `restart`, and writes its heap when it has drained; the
   *  alone is refused. True: the process is stopped for it where it is. */
  inPlace?: boolean;
  /** Ends it early: the promise resolves with what was measured until then. A `heap` that has not begun is given up. */
  signal?: AbortSignal;
}

/** A profile that was written. */
export interface ProfileReport {
  kind: ProfileKind;
  role: 'worker' | 'alone';
  /** The slot of the worker; null for the alone and a standby worker. */
  slot: number | null;
  /** The process that wrote it. */
  pid: number;
  /** Its absolute path. */
  file: string;
  /** Its size in bytes. */
  size: number;
  /** How long it took, in ms. */
  duration: number;
}
