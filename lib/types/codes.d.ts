// Every code that an app may meet, and what it means. The only list: __test__/unit/codes.test.js holds the sources against it.

/** `ClusterError.code`. Stable. */
export type ClusterErrorCode =
  // Starting.
  /** A field of the configuration, or the address of an `--inspect` flag, is invalid; the message names it. */
  | 'ERR_CONFIG_INVALID'
  /** A process exited, or was not ready in time; the cluster stopped everything again. */
  | 'ERR_START_FAILED'
  /** `start()` was called twice. */
  | 'ERR_ALREADY_STARTED'
  /** A worker or the alone called `start()`. */
  | 'ERR_IN_CHILD'
  /** `pidFile` holds the pid of another process that is alive. */
  | 'ERR_PID_FILE_IN_USE'
  /** `pidFile` cannot be written. */
  | 'ERR_PID_FILE'
  /** Thrown by `require` if the platform is neither Linux nor macOS. */
  | 'ERR_PLATFORM_UNSUPPORTED'
  /** Thrown by `require` if no native binding loads; the message says what was tried, why it failed, and how to get a binding. */
  | 'ERR_NATIVE_MISSING'
  /** A bundler has packed this package into the app, and what children are started with is not there. The message says how to leave it out. */
  | 'ERR_PACKAGE_BUNDLED'
  /** A callback or handler is not a function. */
  | 'ERR_CALLBACK_INVALID'
  /** The address of `admin` cannot be bound; the message says why. Nothing was started. */
  | 'ERR_ADMIN_ADDRESS'

  // More than one machine (`fleet`).
  /** `fleet` needs a native binding of its own, and none loads; the message says what was tried, and how to get it. */
  | 'ERR_FLEET_MISSING'
  /** The servers of `fleet` do not accept its `credentials`, or their file cannot be used. */
  | 'ERR_FLEET_CREDENTIALS'
  /** The certificate of a server of `fleet` is not trusted, or a file of `tls` cannot be used. */
  | 'ERR_FLEET_TLS'
  /** The servers of `fleet` have no JetStream, or this user may not use it. */
  | 'ERR_FLEET_JETSTREAM'
  /** In `exception`, at the start: no host of the fleet had a ready alone within `startTimeout` and `fleet.lease`. */
  | 'ERR_FLEET_ALONE'
  /** The fleet has no host of the name that `fleet.move()`, or the control socket, was given; the message names those that there are. */
  | 'ERR_FLEET_INVALID'
  /** On the control socket: the cluster has no fleet. Set `fleet` in its configuration. */
  | 'ERR_NO_FLEET'
  /** On the control socket: the order is for another host, and the servers of the fleet cannot be reached. */
  | 'ERR_FLEET_AWAY'

  // The cluster's end.
  /** The cluster was closed before it was ready, or before `reload()`, `scale()` or `profile()` was done. */
  | 'ERR_CLOSED'
  /** In `exception`: no worker is left, and `limit` is over. */
  | 'ERR_NO_WORKERS'
  /** In `aloneReachLimit` and `exception`: the alone does not stay up, and its limit (`aloneLimit`, else `limit`) is over. */
  | 'ERR_ALONE_FAILED'
  /** In `exception`: the master failed. */
  | 'ERR_MASTER_FAILED'
  /** In `crash` (development): a process exited by itself. */
  | 'ERR_CRASHED'

  // Messages and handles.
  /** A message, request or answer cannot be serialized as JSON (with `serialization: 'advanced'`: by V8), or a message is not an
   *  object, or an argument of `messenger` is invalid. In `protocolError`: a child wrote something that is not a message. */
  | 'ERR_MESSAGE_INVALID'
  /** A message, request or answer is larger than `maxMessageBytes`; in `protocolError` if a child sent it. */
  | 'ERR_MESSAGE_TOO_LARGE'
  /** In `protocolError`: a child sent a frame that it may not send, or one in another process's name. */
  | 'ERR_MESSAGE_FORBIDDEN'
  /** In `protocolError`: a child's channel ended in the middle of a message. */
  | 'ERR_MESSAGE_TRUNCATED'
  /** The fourth argument of `send()`, its callback, is not a function. */
  | 'ERR_SEND_ARGUMENTS'
  /** `send()` got something that is not a handle, a handle without a descriptor, or one that no other process can use (a
   *  terminal). In `protocolError`: a child passed a descriptor that is not what its frame says, or a received handle could not
   *  be opened. */
  | 'ERR_HANDLE_INVALID'
  /** No descriptor is left for a handle: in this process (`send()`), or in a child (`protocolError`). */
  | 'ERR_HANDLE_REFUSED'
  /** In `protocolError`: a child passed descriptors without a message. */
  | 'ERR_HANDLE_STRAY'
  /** In `protocolError`: two workers exited before they had accepted a connection, the second by a crash. It was closed instead
   *  of going to a third worker. */
  | 'ERR_CONNECTION_FATAL'
  /** The argument of `kill()` is not a signal. */
  | 'ERR_UNKNOWN_SIGNAL'

  // Requests: see `request` and `onRequest`.
  /** An invalid argument. */
  | 'ERR_REQUEST_INVALID'
  /** No answer within `timeout`. */
  | 'ERR_REQUEST_TIMEOUT'
  /** The receiver exited, or its host left the fleet or cannot be reached any more, before it answered; or this process's own channel was
   *  closed. It may have done what it was asked for. */
  | 'ERR_REQUEST_GONE'
  /** The request reached nobody; its `reason` says why. */
  | 'ERR_REQUEST_UNDELIVERABLE'
  /** Its `signal` was aborted. */
  | 'ERR_REQUEST_ABORTED'
  /** The receiver has no function for this action. */
  | 'ERR_NO_HANDLER'
  /** The action already has a function. */
  | 'ERR_HANDLER_EXISTS'
  /** This process belongs to no cluster, or has not started one yet. */
  | 'ERR_NO_CLUSTER'

  // Topics: see `subscribe` and `publish`.
  /** A topic or an option is invalid. */
  | 'ERR_TOPIC_INVALID'
  /** This process has subscribed to 16,384 topics. */
  | 'ERR_TOPIC_LIMIT'

  // reload() and scale().
  /** The cluster is not ready, or is closing. */
  | 'ERR_NOT_RUNNING'
  /** An option of `reload()` is invalid, or its `exec` does not exist. */
  | 'ERR_RELOAD_INVALID'
  /** What was asked for needs an alone process, and there is none: the `target` of `reload()`; on the control socket `profile('alone')`, and
   *  `fleetMove()` if no host has the alone of the fleet. */
  | 'ERR_NO_ALONE'
  /** In a reload's report: the reload failed. */
  | 'ERR_RELOAD_FAILED'
  /** The argument of `scale()` is not a valid count. */
  | 'ERR_SCALE_INVALID'
  /** A slot could not be filled. */
  | 'ERR_SCALE_FAILED'
  /** `scale()` was called again meanwhile. */
  | 'ERR_SCALE_SUPERSEDED'
  /** `scale()` was called in development. */
  | 'ERR_DEVELOPMENT'

  // connectCluster() and the control socket.
  /** No cluster of this user has this title or pid, or there are several; or it has ended meanwhile. The message names those that
   *  there are. */
  | 'ERR_CLUSTER_NOT_FOUND'
  /** The cluster was reached, but does not answer, or not as it should; the message says what it said. */
  | 'ERR_CONTROL_FAILED'
  /** The cluster writes no log files, as its `output` is not an object; or one for all processes, and one was asked for. */
  | 'ERR_NO_OUTPUT_FILE'
  /** A log file (`output`) cannot be opened or read, or is no file whose lines can be read again. */
  | 'ERR_OUTPUT_FILE'
  /** The slot of `kill()`, `restart()` or `profile()` has no worker. */
  | 'ERR_NO_SUCH_SLOT'
  /** `restart()`: the new worker of the slot did not become ready; the message says why, and whether the old one works on. */
  | 'ERR_RESTART_FAILED'
  /** The control socket was told something that it doesn't know. */
  | 'ERR_ORDER_INVALID'

  // profile().
  /** An option of `profile()` is invalid. */
  | 'ERR_PROFILE_INVALID'
  /** The file exists, or cannot be written. */
  | 'ERR_PROFILE_FILE'
  /** The process is being profiled already, or another profiler is at work in it. */
  | 'ERR_PROFILE_UNDER_WAY'
  /** The process did not answer within 5 s: its JavaScript is blocked, or a signal has stopped it. */
  | 'ERR_PROFILE_UNANSWERED'
  /** The process is starting or stopping, its Node.js has no inspector, or the app has started it itself (`register`). */
  | 'ERR_PROFILE_UNAVAILABLE'
  /** The alone would be stopped to write its heap: that needs `inPlace`. */
  | 'ERR_PROFILE_IN_PLACE'
  /** The process ended before its profile was written. No file is left. */
  | 'ERR_PROFILE_ENDED'
  /** For a heap: the worker's successor did not become ready, or it took too long; or `signal` was aborted before it had begun. */
  | 'ERR_PROFILE_FAILED';

/** The code of a child's own error, as the `cause` of a `ClusterError`. */
export type ChildErrorCode =
  /** A file in the alone's folder exports no function. */
  'ERR_ALONE_INVALID';

/** The code of a process warning (`process.on('warning')`); its name is `ClusterWarning`. */
export type ClusterWarningCode =
  /** The configuration has an unknown field. */
  | 'CLUSTER_UNKNOWN_OPTION'
  /** A field of the configuration has no effect here. */
  | 'CLUSTER_OPTION_IGNORED'
  /** `YUNFLY_LOG` contains an unknown word. */
  | 'CLUSTER_VARIABLE_IGNORED'
  /** In production without `alone`: `src/alone` has scripts, but neither `build/alone` nor `dist/alone` has. There is no alone. */
  | 'CLUSTER_ALONE_NOT_BUILT'
  /** In development: the link by which the app's folder was entered (`/srv/app/current`) leads to another folder by now. */
  | 'CLUSTER_LINK_MOVED'
  /** With `output: 'pipe'`, nobody listens to the event `output`. */
  | 'CLUSTER_OUTPUT_UNHEARD'
  /** A message was not sent: the channel is closed. */
  | 'CLUSTER_CHANNEL_CLOSED'
  /** In a child: a received message cannot be read. */
  | 'CLUSTER_MESSAGE_INVALID'
  /** In a child: a message that it sent is larger than `maxMessageBytes`. */
  | 'CLUSTER_MESSAGE_TOO_LARGE'
  /** A published value was delivered, but not retained: the cluster has 16,384 retained values, or 64 MiB of them. */
  | 'CLUSTER_TOPIC_NOT_RETAINED'
  /** In the app: its event loop was blocked for longer than 1 s, and it did not get all that was published. */
  | 'CLUSTER_TOPIC_MISSED'
  /** With `register`: a worker broke the protocol of its channel. What it sent is skipped. It is told the 1st, 2nd, 4th, 8th … time. */
  | 'CLUSTER_PROTOCOL_ERROR'
  /** With `register`: a message reached nobody, or there was no descriptor left for its handle. It is told the 1st, 2nd, 4th, 8th … time. */
  | 'CLUSTER_MESSAGE_UNDELIVERED'
  /** With `register`: the native master failed. Its workers lose their channels and end. */
  | 'CLUSTER_MASTER_FAILED'
  /** With `register`: a worker stood still for longer than `hangTimeout`. */
  | 'CLUSTER_WORKER_HANGS'
  /** With `register`: a worker holds more than `maxMemory`. */
  | 'CLUSTER_WORKER_TOO_LARGE'
  /** With `register`, in a worker: the package's files can't be read any more, or no descriptor is left. The worker serves all the same. */
  | 'CLUSTER_WORKER_UNWATCHED'
  /** In a child: a `waitUntil` promise or an `afterRequests` hook of `yunfly:drain` failed. */
  | 'CLUSTER_DRAIN_WAIT_FAILED';
