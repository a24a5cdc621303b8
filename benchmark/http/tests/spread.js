'use strict';

// How long-lived connections are spread over the workers.

const { hold } = require('../load/held');

/** Of the round whose difference is largest. */
const from = 'worst';
const columns = [
  { key: 'counts', label: 'connections of each worker', from },
  { key: 'difference', label: 'max − min', digits: 0, from },
  { key: 'share', label: 'max ÷ mean', digits: 2, from },
  { key: 'failed', label: 'failed', digits: 0, from: 'total' },
];

function spread(count, pace, duration) {
  return {
    name: `spread-${count}-${pace}`,
    group: 'spread',
    workers: 4,
    title: `${count} long connections over 4 workers, opened ${duration === 0 ? 'at once' : `within ${duration / 1000} s`}`,
    columns,
    worst: 'difference',
    async run(subject, port) {
      const served = await hold(port, count, duration);
      const counts = [...subject.workers.keys()].map((pid) => served.filter((by) => by === pid).length);
      const most = Math.max(...counts);
      return {
        counts: counts.sort((a, b) => b - a).join(' / '),
        difference: most - Math.min(...counts),
        share: (most * counts.length) / count,
        failed: served.filter((by) => by === null).length,
      };
    },
  };
}

module.exports = [spread(64, 'burst', 0), spread(64, 'paced', 2000), spread(1000, 'paced', 1000)];
