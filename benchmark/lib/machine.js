'use strict';

const os = require('node:os');

/** Where something was measured. */
function system() {
  const [{ model }] = os.cpus();
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`;
  return `${os.availableParallelism()} CPUs (${model}), ${memory}, ${os.type()} ${os.release()}, Node ${process.version}`;
}

/** One line about where and when something was measured. */
function machine() {
  return `${system()}, ${new Date().toISOString().slice(0, 10)}`;
}

module.exports = { machine, system };
