'use strict';

// Time in ms that the processes of one machine have in common: the kernel's monotonic clock. performance.now() counts
// from the process's own start, but is cheap enough to be asked for each message.

const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

module.exports = () => performance.now() + offset;
