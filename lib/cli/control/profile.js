'use strict';

const { UsageError } = require('../options');
const { duration, fileSize } = require('../text');

/** As they are typed, and as profile() has them. */
const KINDS = { cpu: 'cpu', heap: 'heap', 'heap-sampling': 'heapSampling', report: 'report' };

/** Writes a profile of one process. Ctrl-C ends it early, and what there is is written; a second one ends this process. */
async function profile(cluster, typed) {
  const { operand: slot, output } = typed;
  const [flag, ...others] = Object.keys(KINDS).filter((each) => typed[each] !== undefined);
  if (!flag || others.length > 0) {
    const remedy = 'Give one of --cpu, --heap, --heap-sampling and --report.';
    throw new UsageError(`profile writes one kind of profile. ${remedy}`);
  }
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  const result = await cluster.profile(slot, {
    kind: KINDS[flag],
    ...(typeof typed[flag] === 'number' && { duration: typed[flag] }),
    ...(output && { file: output }),
    ...(typed['in-place'] && { inPlace: true }),
    signal: ended.signal,
  });
  const who = slot === 'alone' ? slot : `worker ${slot}`;
  const took = duration(result.duration);
  return { lines: [`${who} (pid ${result.pid}), ${took}: ${result.file} (${fileSize(result.size)})`], json: result };
}

module.exports = { profile };
