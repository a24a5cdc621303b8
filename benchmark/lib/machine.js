'use strict';

const os = require('node:os');

/** One line about where and when something was measured. */
function machine() {
  const [{ model }] = os.cpus();
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  const system = `${os.type()} ${os.release()}, Node ${process.version}`;
  return `${os.availableParallelism()} CPUs (${model}), ${memory}, ${system}, ${date}`;
}

module.exports = { machine };
