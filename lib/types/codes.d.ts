// Every code that an app may meet, and what it means. The only list: __test__/unit/codes.test.js holds the sources against it.

/** `ClusterError.code`. Stable. */
export type ClusterErrorCode =
  // Starting.
  /** A field of the configuration is wrong, or the address of an `--inspect` flag; the message names it. */
  | 'ERR_CONFIG_INVALID'
  /** A process exited, or was not ready in time; everything was stopped again. */
  | 'ERR_START_FAILED'
  /** `start()` was called twice. */
  | 'ERR_ALREADY_STARTED'
  /** A worker or the alone called `start()`. */
  | 'ERR_IN_CHILD'
  /** Thrown by `require` where the platform is neither Linux nor macOS. */
  | 'ERR_PLATFORM_UNSUPPORTED'
  /** Thrown by `require` where no native binding loads; the message tells what was looked for, why it could not be had, and how to
   *  get one. */
  | 'ERR_NATIVE_MISSING'
  /** What was to be called is no function. */
  | 'ERR_CALLBACK_INVALID'

  // The cluster's end.
  /** The cluster was closed before it was ready, or before `reload()` or `scale()` was done. */
  | 'ERR_CLOSED'
  /** In `exception`: no worker is left, and `limit` is over. */
  | 'ERR_NO_WORKERS'
  /** In `exception`: the master failed. */
  | 'ERR_MASTER_FAILED'
  /** In `crash` (development): a process ended by itself. */
  | 'ERR_CRASHED'

  // Messages and handles.
  /** A message is no object, or JSON (`serialization: 'advanced'`: V8) cannot hold it; also of a request or an answer. In `protocolError`:
   *  what a child wrote is no message. */
  | 'ERR_MESSAGE_INVALID'
  /** A message, request or answer is larger than `maxMessageBytes`; in `protocolError` if a child sent it. */
  | 'ERR_MESSAGE_TOO_LARGE'
  /** In `protocolError`: a child said what it may not say, or in another one's name. */
  | 'ERR_MESSAGE_FORBIDDEN'
  /** In `protocolError`: a child's channel ended within a message. */
  | 'ERR_MESSAGE_TRUNCATED'
  /** The fourth argument of `send()`, its callback, is no function. */
  | 'ERR_SEND_ARGUMENTS'
  /** `send()` got something that is no handle, or one without a descriptor, or one that no other process can take over (a terminal);
   *  in `protocolError`: a child passed a descriptor that is not what its frame says, or nothing could be made of a handle that came. */
  | 'ERR_HANDLE_INVALID'
  /** There is no descriptor left for a handle: in this process (`send()`), or in a child (`protocolError`). */
  | 'ERR_HANDLE_REFUSED'
  /** In `protocolError`: a child passed descriptors without a message. */
  | 'ERR_HANDLE_STRAY'
  /** In `protocolError`: two workers ended before they had taken a connection, the second by a crash: it was closed instead of given
   *  to a third one. */
  | 'ERR_CONNECTION_FATAL'
  /** `kill()` got something that is no signal. */
  | 'ERR_UNKNOWN_SIGNAL'

  // Requests: see `request` and `onRequest`.
  /** A wrong argument. */
  | 'ERR_REQUEST_INVALID'
  /** No answer within `timeout`. */
  | 'ERR_REQUEST_TIMEOUT'
  /** The receiver ended before it answered. */
  | 'ERR_REQUEST_GONE'
  /** It reached nobody. */
  | 'ERR_REQUEST_UNDELIVERABLE'
  /** By its `signal`. */
  | 'ERR_REQUEST_ABORTED'
  /** The receiver has no function for this action. */
  | 'ERR_NO_HANDLER'
  /** The action has a function already. */
  | 'ERR_HANDLER_EXISTS'
  /** This process belongs to no cluster, or no cluster was started in it yet. */
  | 'ERR_NO_CLUSTER'

  // reload() and scale().
  /** The cluster is not ready, or on its way down. */
  | 'ERR_NOT_RUNNING'
  /** An option of `reload()` is wrong, or its `exec` does not exist. */
  | 'ERR_RELOAD_INVALID'
  /** The `target` of `reload()` needs an alone process. */
  | 'ERR_NO_ALONE'
  /** In a reload's report: it was given up. */
  | 'ERR_RELOAD_FAILED'
  /** `scale()` got no count. */
  | 'ERR_SCALE_INVALID'
  /** A slot could not be filled. */
  | 'ERR_SCALE_FAILED'
  /** Another count was asked for meanwhile. */
  | 'ERR_SCALE_SUPERSEDED'
  /** `scale()` was called in development. */
  | 'ERR_DEVELOPMENT';

/** The code of a child's own error, as the `cause` of a `ClusterError`. */
export type ChildErrorCode =
  /** A file in the alone's folder exports no function. */
  'ERR_ALONE_INVALID';

/** The code of a process warning (`process.on('warning')`); its name is `ClusterWarning`. */
export type ClusterWarningCode =
  /** The configuration has a field that is none. */
  | 'CLUSTER_UNKNOWN_OPTION'
  /** A field of the configuration has no effect here. */
  | 'CLUSTER_OPTION_IGNORED'
  /** A word in `YUNFLY_LOG` is not known. */
  | 'CLUSTER_VARIABLE_IGNORED'
  /** With `output: 'pipe'` nobody listens to the event `output`. */
  | 'CLUSTER_OUTPUT_UNHEARD'
  /** A message was not sent: the channel is closed. */
  | 'CLUSTER_CHANNEL_CLOSED'
  /** In a child: a message that came cannot be read. */
  | 'CLUSTER_MESSAGE_INVALID'
  /** In a child: a message that it sent is larger than `maxMessageBytes`. */
  | 'CLUSTER_MESSAGE_TOO_LARGE'
  /** With `register`: a worker broke the protocol of its channel. What it sent is skipped. */
  | 'CLUSTER_PROTOCOL_ERROR'
  /** With `register`: a worker stood still for longer than `hangTimeout`. */
  | 'CLUSTER_WORKER_HANGS'
  /** With `register`: a worker holds more than `maxMemory`. */
  | 'CLUSTER_WORKER_TOO_LARGE'
  /** In a child: what `yunfly:drain` waited for (`waitUntil`, `afterRequests`) failed. */
  | 'CLUSTER_DRAIN_WAIT_FAILED';
