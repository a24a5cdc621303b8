'use strict';

const { age, cut, cutStart, pad, widthOf } = require('./text');

const MIB = 1024 * 1024;

const COLUMNS = [
  { head: 'id', cell: told(({ id }) => id) },
  // Its end tells the processes apart.
  { head: 'name', cell: ({ name }) => name, shorten: cutStart },
  { head: 'pid', cell: ({ pid }) => String(pid) },
  { head: 'status', cell: ({ status }) => status, tint: ({ status }, colors) => tintOf(status, colors) },
  { head: 'uptime', cell: told(({ uptime }) => uptime, age) },
  { head: 'restarts', cell: told(({ restarts }) => restarts) },
  // Of one CPU, since its start.
  {
    head: 'cpu',
    cell: told(
      ({ cpu }) => cpu,
      (share) => `${Math.round(share * 100)} %`,
    ),
  },
  {
    head: 'memory',
    cell: told(
      ({ memory }) => memory,
      (bytes) => `${Math.round(bytes / MIB)} MB`,
    ),
  },
];

/** What is not known is a '-'. */
function told(read, shown = String) {
  return (row) => {
    const value = read(row);
    return value === null || value === undefined ? '-' : shown(value);
  };
}

/** The name gives way first, the others only where it is down to this. */
const LEAST_NAME = 8;
const SQUEEZED = ['name', 'status', 'restarts', 'uptime'];

function tintOf(status, colors) {
  if (status === 'ready') return colors.green;
  if (status === 'booting' || status === 'draining') return colors.yellow;
  if (status === 'standby') return colors.cyan;
  return status === 'waiting for a change' ? colors.magenta : colors.red;
}

/** The widths of the columns, so that the whole fits into `width` if it can. */
function widthsFor(cells, width) {
  const widths = COLUMNS.map(({ head }, i) => Math.max(widthOf(head), ...cells.map((row) => widthOf(row[i]))));
  const frame = 3 * COLUMNS.length + 1;
  let tooMuch = widths.reduce((sum, each) => sum + each, frame) - width;
  for (const head of SQUEEZED) {
    const i = COLUMNS.findIndex((column) => column.head === head);
    const given = Math.max(0, Math.min(tooMuch, widths[i] - (head === 'name' ? LEAST_NAME : 1)));
    widths[i] -= given;
    tooMuch -= given;
  }
  return { widths, fits: tooMuch <= 0 };
}

/** The lines of the table, none wider than `width`. */
function table(rows, { width, colors }) {
  const cells = rows.map((row) => COLUMNS.map(({ cell }) => cell(row)));
  const { widths, fits } = widthsFor(cells, width);
  if (!fits) return list(rows, width);
  const rule = (left, middle, right) => left + widths.map((each) => '─'.repeat(each + 2)).join(middle) + right;
  const line = (texts, tints) => {
    const parts = texts.map((text, i) => {
      const shown = (COLUMNS[i].shorten ?? cut)(text, widths[i]);
      return ` ${tints[i]?.(shown) ?? shown}${' '.repeat(widths[i] - widthOf(shown))} `;
    });
    return `│${parts.join('│')}│`;
  };
  const heads = COLUMNS.map(({ head }) => head);
  return [
    rule('┌', '┬', '┐'),
    line(
      heads,
      heads.map(() => colors.bold),
    ),
    rule('├', '┼', '┤'),
    ...rows.map((row, i) =>
      line(
        cells[i],
        COLUMNS.map(({ tint }) => tint?.(row, colors)),
      ),
    ),
    rule('└', '┴', '┘'),
  ];
}

/** Where there is no room for a table. */
function list(rows, width) {
  return rows.map(({ type, pid, status }) => cut(`${pad(type, 6)} ${pid} ${status}`, width));
}

module.exports = { table };
