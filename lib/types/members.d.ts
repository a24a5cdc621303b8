// What workers and the alone are told of the others, by events on `process`.

/** The argument of `yunfly:ready`. */
export interface ReadyEvent {
  /** The pids of the workers at work, this one included. */
  workers: number[];
  /** The pid of the alone; null if there is none. */
  alone: number | null;
}

/** The argument of `yunfly:workers`. */
export interface WorkersEvent {
  /** The pids of all workers at work now, this one included. */
  pids: number[];
  /** Those that have become ready since the last event. */
  joined: number[];
  /** Those that have begun to drain, or have died, since the last event. */
  left: number[];
}

/** The argument of `yunfly:alone`. */
export interface AloneEvent {
  /** The pid of the alone; null while there is none. */
  pid: number | null;
}
