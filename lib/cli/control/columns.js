'use strict';

// The columns of the tables, for ../table.js.

const MIB = 1024 * 1024;

/** What is not known is a '-'. */
const column = (head, value, shown = String) => ({
  head,
  cell: (row) => {
    const known = value(row) ?? null;
    return known === null ? '-' : shown(known);
  },
});

const percent = (share) => `${Math.round(share * 100)} %`;
const megabytes = (bytes) => `${Math.round(bytes / MIB)} MB`;
/** A queue is mostly empty, and short where it is not. */
const kilobytes = (bytes) => `${Math.ceil(bytes / 1024)} KB`;

module.exports = { column, percent, megabytes, kilobytes };
