'use strict';

// Yunfly's Prometheus plugin counts the ends of processes in its workers. After each, one of them is told to count; where there is none,
// the next one.

const COUNTERS = { exit: 'worker-process-exit-counter', aloneExit: 'alone-process-exit-counter' };

function countExits(cluster, isClosing) {
  const ready = new Set();
  const untold = Object.fromEntries(Object.values(COUNTERS).map((action) => [action, 0]));
  const tell = () => {
    if (ready.size === 0) return;
    for (const action of Object.keys(untold)) {
      for (; untold[action] > 0; untold[action] -= 1)
        cluster.sendmessage({ from: 'app', to: 'worker', type: 'worker', action });
    }
  };
  cluster.on('workerReady', (worker) => {
    ready.add(worker);
    tell();
  });
  cluster.on('exit', (worker) => ready.delete(worker));
  for (const [event, action] of Object.entries(COUNTERS)) {
    cluster.on(event, () => {
      if (isClosing()) return;
      untold[action] += 1;
      tell();
    });
  }
}

module.exports = { countExits };
