'use strict';

// Yunfly's Prometheus plugin counts the ends of processes in its workers. After each, one of them is told to count.

const COUNTERS = { exit: 'worker-process-exit-counter', aloneExit: 'alone-process-exit-counter' };

function countExits(cluster, isClosing) {
  for (const [event, action] of Object.entries(COUNTERS)) {
    cluster.on(event, () => {
      if (!isClosing()) cluster.sendmessage({ from: 'app', to: 'worker', type: 'worker', action });
    });
  }
}

module.exports = { countExits };
