'use strict';

// How results are told.

const ms = (value) => `${Math.round(value).toLocaleString('en')} ms`;
const seconds = (value) => `${(value / 1000).toFixed(1)} s`;
const mib = (kib) => `${Math.round(kib / 1024).toLocaleString('en')} MiB`;

/** `['a', 'a', 'b']` as `2 × a, 1 × b`. */
function counted(list) {
  const counts = new Map();
  for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([each, count]) => `${count} × ${each}`).join(', ');
}

/** How workers ended, by pid: `2 × code 0, 1 × SIGKILL`. */
const endsOf = (pids, ends) =>
  counted(
    pids.map((pid) => {
      const end = ends.get(pid);
      if (!end) return 'not ended';
      return end.signal ?? `code ${end.code}`;
    }),
  );

module.exports = { ms, seconds, mib, counted, endsOf };
