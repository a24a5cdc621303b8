'use strict';
// There is one alone, so every job is due once, however many workers there are.

const { request } = require('@yunflyjs/cluster-native');

const JOB_INTERVAL_MS = Number(process.env.JOB_INTERVAL_MS ?? 5000);

module.exports = function schedule() {
  let number = 0;
  const timer = setInterval(async () => {
    number += 1;
    const job = { number };
    try {
      // One worker, at random. While none is ready it waits. A worker that is to end finishes its jobs first.
      const { pid } = await request({ to: 'worker', action: 'remind', data: job }, { timeout: 60_000 });
      console.log(`job ${job.number} was done by ${pid}`);
    } catch (error) {
      // ERR_REQUEST_GONE: the worker died over it. Give it out again here, if doing it twice does no harm.
      console.error(`job ${job.number} was not done: ${error.code}`);
    }
  }, JOB_INTERVAL_MS);

  process.on('yunfly:drain', () => clearInterval(timer));
};
