'use strict';

const { age, cut, cutStart, megabytes, pad, percent, widthOf } = require('./text');

const STATUS = {
  head: 'status',
  cell: ({ status }) => status,
  tint: ({ status }, colors) => tintOf(status, colors),
  least: 1,
};

/** What is not known is a '-'. */
function column(head, read, shown = String) {
  const cell = (row) => {
    const value = read(row);
    return value === null || value === undefined ? '-' : shown(value);
  };
  return { head, cell };
}

/** Where there is not enough room, the columns with a `least` width give way, one after the other. */
const COLUMNS = [
  column('id', ({ id }) => id),
  // Its end tells the processes apart.
  { ...column('name', ({ name }) => name), shorten: cutStart, least: 8 },
  column('pid', ({ pid }) => pid),
  STATUS,
  { ...column('uptime', ({ uptime }) => uptime, age), least: 1 },
  { ...column('restarts', ({ restarts }) => restarts), least: 1 },
  // Of one CPU, since its start.
  column('cpu', ({ cpu }) => cpu, percent),
  column('memory', ({ memory }) => memory, megabytes),
];

function tintOf(status, colors) {
  if (status === 'ready') return colors.green;
  if (status === 'booting' || status === 'draining') return colors.yellow;
  if (status === 'standby') return colors.cyan;
  return status === 'waiting for a change' ? colors.magenta : colors.red;
}

/** The widths of the columns, so that the whole fits into `width` if it can. */
function widthsFor(columns, cells, width) {
  const widths = columns.map(({ head }, i) => Math.max(widthOf(head), ...cells.map((row) => widthOf(row[i]))));
  const frame = 3 * columns.length + 1;
  let tooMuch = widths.reduce((sum, each) => sum + each, frame) - width;
  columns.forEach(({ least }, i) => {
    if (least === undefined) return;
    const given = Math.max(0, Math.min(tooMuch, widths[i] - least));
    widths[i] -= given;
    tooMuch -= given;
  });
  return { widths, fits: tooMuch <= 0 };
}

/** The lines of the table, none wider than `width`. */
function table(rows, { width, colors }, columns = COLUMNS) {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const { widths, fits } = widthsFor(columns, cells, width);
  if (!fits) return list(rows, width);
  const rule = (left, middle, right) => left + widths.map((each) => '─'.repeat(each + 2)).join(middle) + right;
  const line = (texts, tints) => {
    const parts = texts.map((text, i) => {
      const shown = (columns[i].shorten ?? cut)(text, widths[i]);
      return ` ${tints[i]?.(shown) ?? shown}${' '.repeat(widths[i] - widthOf(shown))} `;
    });
    return `│${parts.join('│')}│`;
  };
  const heads = columns.map(({ head }) => head);
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
        columns.map(({ tint }) => tint?.(row, colors)),
      ),
    ),
    rule('└', '┴', '┘'),
  ];
}

/** Where there is no room for a table. */
function list(rows, width) {
  return rows.map(({ type, pid, status }) => cut(`${pad(type, 6)} ${pid} ${status}`, width));
}

module.exports = { table, column, STATUS };
