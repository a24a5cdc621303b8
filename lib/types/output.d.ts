// `output` as an object: log files.

/**
 * The files for what the children print; at least one. A stream without a file goes to the stdout or stderr of this process.
 *
 * A path is relative to `cwd`; its folder is made if it is missing. In a path, `{slot}` stands for the number of the slot (`alone`, and
 * `standby` for one without a slot), so that each worker has a file of its own, which its successors continue; `{instance}` is the same
 * from 0 on, as NODE_APP_INSTANCE. Lines are appended, and never torn or mixed. `start()` rejects with `ERR_CONFIG_INVALID` if a file
 * cannot be written; what later cannot be, as on a full disk, is dropped and counted (`stats().output`), and the log tells it once. The
 * cluster's own log does not go there.
 */
export interface OutputFiles {
  /** For stdout and stderr together, in the order in which lines arrive. */
  file?: string;
  /** For stdout only. */
  outFile?: string;
  /** For stderr only. */
  errorFile?: string;
  /** The size at which a file is full, in bytes or as `'10M'`, 4 KiB or more: it becomes `<file>.1`, the one before `<file>.2`, and so
   *  on, between two lines. `false`: it grows until something else, such as logrotate, renames it and says so by SIGUSR2 to this process
   *  (in production, with `handleSignals`, if the app has no listener of its own for it) or `cluster-native logs --reopen`.
   *  Default: `false`. */
  maxSize?: number | string | false;
  /** How many full files are kept, with `maxSize`: 1 to 1000. Default: 5. */
  keep?: number;
}
