// What `process` has in workers and in the alone.

import { DrainEvent } from './drain';
import { AloneEvent, ReadyEvent, WorkersEvent } from './members';

/** The events on `process` in workers and in the alone. The last three are emitted only where somebody listens. The first listener of
 *  each is told the present state, as soon as the cluster and this process are ready. */
export interface ProcessEvents {
  /** This process is draining. It takes no new connections, and exits when it has finished. */
  'yunfly:drain': [event: DrainEvent];
  /** The cluster is ready: the alone and all workers. In a process that is started later, when it is ready itself. */
  'yunfly:ready': [event: ReadyEvent];
  /** Workers have joined or left. Not while the cluster stops. */
  'yunfly:workers': [event: WorkersEvent];
  /** The alone has gone (`pid` is null), or is ready again. Not while the cluster stops. */
  'yunfly:alone': [event: AloneEvent];
}

declare global {
  namespace NodeJS {
    interface Process {
      /** In workers and in the alone: the same as `pid`. */
      readonly id?: number;
      /** In workers and in the alone: see {@link ProcessEvents}. */
      on<Name extends keyof ProcessEvents>(event: Name, listener: (...args: ProcessEvents[Name]) => void): this;
      once<Name extends keyof ProcessEvents>(event: Name, listener: (...args: ProcessEvents[Name]) => void): this;
    }
  }
}

declare module 'child_process' {
  interface ChildProcess {
    /** `cluster.worker.process.id` in a worker: the same as `pid`. */
    readonly id?: number;
  }
}
