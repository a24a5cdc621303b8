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
      // One signature for each event: those with literal types come before Node's own, whichever file is read first.
      on(event: 'yunfly:drain', listener: (...args: ProcessEvents['yunfly:drain']) => void): this;
      on(event: 'yunfly:ready', listener: (...args: ProcessEvents['yunfly:ready']) => void): this;
      on(event: 'yunfly:workers', listener: (...args: ProcessEvents['yunfly:workers']) => void): this;
      on(event: 'yunfly:alone', listener: (...args: ProcessEvents['yunfly:alone']) => void): this;
      once(event: 'yunfly:drain', listener: (...args: ProcessEvents['yunfly:drain']) => void): this;
      once(event: 'yunfly:ready', listener: (...args: ProcessEvents['yunfly:ready']) => void): this;
      once(event: 'yunfly:workers', listener: (...args: ProcessEvents['yunfly:workers']) => void): this;
      once(event: 'yunfly:alone', listener: (...args: ProcessEvents['yunfly:alone']) => void): this;
      addListener(event: 'yunfly:drain', listener: (...args: ProcessEvents['yunfly:drain']) => void): this;
      addListener(event: 'yunfly:ready', listener: (...args: ProcessEvents['yunfly:ready']) => void): this;
      addListener(event: 'yunfly:workers', listener: (...args: ProcessEvents['yunfly:workers']) => void): this;
      addListener(event: 'yunfly:alone', listener: (...args: ProcessEvents['yunfly:alone']) => void): this;
      prependListener(event: 'yunfly:drain', listener: (...args: ProcessEvents['yunfly:drain']) => void): this;
      prependListener(event: 'yunfly:ready', listener: (...args: ProcessEvents['yunfly:ready']) => void): this;
      prependListener(event: 'yunfly:workers', listener: (...args: ProcessEvents['yunfly:workers']) => void): this;
      prependListener(event: 'yunfly:alone', listener: (...args: ProcessEvents['yunfly:alone']) => void): this;
      prependOnceListener(event: 'yunfly:drain', listener: (...args: ProcessEvents['yunfly:drain']) => void): this;
      prependOnceListener(event: 'yunfly:ready', listener: (...args: ProcessEvents['yunfly:ready']) => void): this;
      prependOnceListener(event: 'yunfly:workers', listener: (...args: ProcessEvents['yunfly:workers']) => void): this;
      prependOnceListener(event: 'yunfly:alone', listener: (...args: ProcessEvents['yunfly:alone']) => void): this;
    }
  }
}

declare module 'child_process' {
  interface ChildProcess {
    /** `cluster.worker.process.id` in a worker: the same as `pid`. */
    readonly id?: number;
  }
}
