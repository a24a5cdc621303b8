// What workers and the alone say to each other.

/** What the alone answers a request for `settings`. */
export interface Settings {
  greeting: string;
}

/** What the alone's ticker sends to all workers. */
export interface Tick {
  from: 'alone';
  to: 'worker';
  type: 'all';
  action: 'tick';
  data: number;
}
