'use strict';

// The table of the processes that yunfly's users know: the alone, then the workers.

const { pad, widthOf } = require('../cli/text');

const HEADS = ['id', 'name', 'type', 'version', 'duration', 'mode', 'pid', 'status'];

/** `rows`: the texts of each process by the names of the heads. */
function table(rows, colors) {
  const widths = HEADS.map((head) => Math.max(...[head, ...rows.map((row) => row[head])].map(widthOf)));
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  const line = (texts) => `│${texts.map((text, i) => ` ${pad(text, widths[i])} `).join('│')}│`;
  const lines = [
    rule('┌', '┬', '┐'),
    line(HEADS),
    rule('├', '┼', '┤'),
    ...rows.map((row) => line(HEADS.map((head) => row[head]))),
    rule('└', '┴', '┘'),
  ];
  return lines.map((text) => colors.gray(text));
}

/** The processes of a cluster that are ready, or on their way: `title`, `version`, and how long each took by `durationOf(child)`. */
function rowsOf({ alone, workers }, { title, version, durationOf }) {
  const row = (child, type, mode) => ({
    id: String(child.id),
    name: title,
    type,
    version,
    duration: durationOf(child),
    mode,
    pid: String(child.pid),
    status: child.state,
  });
  const serving = [...workers.values()].filter(({ state }) => !['draining', 'disconnected'].includes(state));
  return [
    ...(alone ? [row(alone, 'alone', 'fork')] : []),
    ...serving.map((worker) => row(worker, 'worker', 'cluster')),
  ];
}

module.exports = { table, rowsOf };
