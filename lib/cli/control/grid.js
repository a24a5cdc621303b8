'use strict';

// The processes in columns, with sparklines where there is room.

const { cut, pad, widthOf } = require('../text');
const { KEPT } = require('./looks');

const MIB = 1024 * 1024;
const BARS = Array.from('▁▂▃▄▅▆▇█');
const GAP = '  ';
/** A sparkline that is narrower tells nothing. */
const NARROWEST = 6;

const rounded = (value) => String(Math.round(value));
const tenths = (value) => (value < 10 ? value.toFixed(1) : rounded(value));
const percent = (share) => rounded(share * 100);
const megabytes = (bytes) => rounded(bytes / MIB);

/** `full`: what fills a sparkline, where nothing in it is larger. */
const COLUMNS = [
  { name: 'cpu', head: 'cpu %', shown: percent, full: 1 },
  { name: 'utilization', head: 'loop %', shown: percent, full: 1 },
  { name: 'delay', head: 'p99 ms', shown: tenths },
  { name: 'rss', head: 'rss MB', shown: megabytes },
  { name: 'heap', head: 'heap MB', shown: megabytes },
  { name: 'connections', head: 'conns', shown: rounded },
  { name: 'messages', head: 'msg/s', shown: tenths },
];
/** Which get a sparkline first. */
const BY_WORTH = ['cpu', 'utilization', 'connections', 'messages', 'rss', 'delay', 'heap'];

/** The last values, the newest at the right. What is not known is empty. */
function sparkline(values, width, full = 0) {
  const shown = values.slice(-width);
  const top = Math.max(full, ...shown);
  const bar = (value) => BARS[top > 0 ? Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length)) : 0];
  return shown
    .map((value) => (value === null ? ' ' : bar(value)))
    .join('')
    .padStart(width);
}

/** How wide that of each column is: as many as find room in `free`. */
function sparkWidths(free) {
  for (let count = BY_WORTH.length; count > 0; count -= 1) {
    const width = Math.floor(free / count) - 1;
    if (width >= NARROWEST) return new Map(BY_WORTH.slice(0, count).map((name) => [name, Math.min(width, KEPT)]));
  }
  return new Map();
}

/** A line for the heads and one for each row, none wider than `width`. */
function grid(rows, { width, colors }) {
  const names = column('process', rows.map(nameOf));
  const pids = column(
    'pid',
    rows.map(({ pid }) => String(pid)),
  );
  const values = COLUMNS.map(({ name, head, shown }) => ({
    name,
    ...column(
      head,
      rows.map((row) => (row[name] === null ? '-' : shown(row[name]))),
    ),
  }));
  const used = [names, pids, ...values].reduce((sum, each) => sum + each.width + GAP.length, -GAP.length);
  const sparks = sparkWidths(width === Infinity ? 0 : width - used);
  const cells = (index, row) => [pids, ...values].map((each) => cell(each, index, row, sparks)).join(GAP);
  const line = (index, row, tint) => {
    const name = cut(pad(names.texts[index], names.width), width);
    return tint(name) + cut(GAP + cells(index, row), width - names.width);
  };
  return [line(0, undefined, colors.bold), ...rows.map((row, i) => line(i + 1, row, tintOf(row, colors)))];
}

function column(head, texts) {
  const all = [head, ...texts];
  return { texts: all, width: Math.max(...all.map(widthOf)) };
}

function cell({ name, texts, width }, index, row, sparks) {
  const text = texts[index].padStart(width);
  if (!sparks.has(name)) return text;
  const { full } = COLUMNS.find((each) => each.name === name);
  const spark = row ? sparkline(row.past[name], sparks.get(name), full) : ' '.repeat(sparks.get(name));
  return `${spark} ${text}`;
}

/** What is ready says so by its colour only. */
function nameOf({ name, status }) {
  return status === 'ready' || status === name ? name : `${name} ${status}`;
}

function tintOf({ status }, colors) {
  if (status === 'ready') return colors.green;
  return status === 'standby' ? colors.cyan : colors.yellow;
}

module.exports = { grid, sparkline };
