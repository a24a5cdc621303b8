'use strict';

// Tables: of the processes, and of the hosts (hosts.js). All text is put in as text.

const format = require('./format');

const pair = (write, one, other) => (one === undefined ? format.NONE : `${write(one)} / ${write(other)}`);

/** Each cell of a row (see sample.rows). */
const CELLS = {
  role: ({ role }, texts) => texts.roles[role] ?? role,
  slot: ({ slot }) => slot ?? format.NONE,
  pid: ({ pid }) => pid,
  state: ({ state }, texts) => texts.states[state] ?? state,
  uptime: ({ uptime }, texts) => format.duration(uptime, texts.units),
  restarts: ({ restarts }) => restarts ?? format.NONE,
  cpu: ({ cpu }) => format.percent(cpu),
  rss: ({ usage }) => format.bytes(usage?.rss),
  heap: ({ vitals }) => pair(format.bytes, vitals?.heapUsed, vitals?.heapTotal),
  utilization: ({ vitals }) => format.percent(vitals?.utilization),
  delay: ({ vitals }) => pair(format.milliseconds, vitals?.delay.p50, vitals?.delay.max),
  connections: ({ connections }) => connections ?? format.NONE,
};

/** What a table shows: its cells from a row and the texts, the columns that are no numbers, their heads, and what tells its rows apart. */
const PROCESSES = {
  cells: CELLS,
  textColumns: ['role', 'state'],
  columns: (texts) => texts.columns,
  key: ({ role, id, pid }) => `${role} ${id} ${pid}`,
};

/** Changes only what is different: what somebody has selected stays selected. */
function put(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

class Table {
  #kind;
  #head;
  #body;
  #rows = new Map();

  constructor(table, kind) {
    this.#kind = kind;
    this.#head = table.tHead.rows[0];
    this.#body = table.tBodies[0];
  }

  build(texts) {
    const { cells, columns, textColumns } = this.#kind;
    const heads = Object.keys(cells).map((name) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = columns(texts)[name];
      if (textColumns.includes(name)) cell.className = 'text';
      return cell;
    });
    this.#head.replaceChildren(...heads);
  }

  /** Each has a `state`. */
  show(all, texts) {
    const { cells, key } = this.#kind;
    const shown = new Map();
    for (const each of all) {
      const row = this.#rows.get(key(each)) ?? newRow(this.#kind);
      shown.set(key(each), row);
      row.dataset.state = each.state;
      Object.values(cells).forEach((write, index) => put(row.cells[index], write(each, texts)));
    }
    this.#rows = shown;
    const rows = [...shown.values()];
    const isSame = rows.length === this.#body.rows.length && rows.every((row, index) => row === this.#body.rows[index]);
    if (!isSame) this.#body.replaceChildren(...rows);
  }
}

function newRow({ cells, textColumns }) {
  const row = document.createElement('tr');
  Object.keys(cells).forEach((name, index) => {
    const cell = row.appendChild(document.createElement(index === 0 ? 'th' : 'td'));
    if (index === 0) cell.scope = 'row';
    if (textColumns.includes(name)) cell.className = 'text';
  });
  return row;
}

module.exports = { PROCESSES, Table, put };
