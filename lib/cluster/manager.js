'use strict';

// Who started this process is told of the cluster: by its pid in a file, and by the messages of PM2 (`wait_ready`, and
// `shutdown_with_message`). systemd is told by the master (crates/master/src/service.rs).

class Manager {
  #pidFile;
  #notifies;
  #shutdown;

  /** Throws what is in the way of it. `shutdown()`: the manager asks for the end, as by a signal. */
  constructor({ pidFile, notifyParent, enable, handleSignals }, shutdown) {
    this.#notifies = notifyParent && Boolean(process.send);
    if (pidFile !== undefined) {
      const { PidFile } = require('./pid-file');
      this.#pidFile = new PidFile(pidFile);
    }
    if (!this.#notifies || !enable || !handleSignals) return;
    this.#shutdown = shutdown;
    require('./parent').listen(shutdown);
  }

  /** The cluster works. Throws if that can't be written. */
  ready() {
    this.#pidFile?.write();
    // A parent that is gone by now needs no answer.
    if (this.#notifies && process.connected) process.send('ready', () => {});
  }

  end() {
    this.#pidFile?.remove();
    if (this.#shutdown) require('./parent').leave(this.#shutdown);
  }
}

module.exports = { Manager };
