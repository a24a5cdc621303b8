'use strict';

// The processes as they are. All text is put in as text.

const format = require('./format');

const pair = (write, one, other) => (one === undefined ? format.NONE : `${write(one)} / ${write(other)}`);

/** What is in each cell of a row (see sample.rows). */
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

const TEXT_COLUMNS = ['role', 'state'];

/** Changes only what is different: what somebody has selected stays selected. */
function put(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

class Table {
  #head;
  #body;
  #rows = new Map();

  constructor(table) {
    this.#head = table.tHead.rows[0];
    this.#body = table.tBodies[0];
  }

  build(texts) {
    const cells = Object.keys(CELLS).map((name) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = texts.columns[name];
      if (TEXT_COLUMNS.includes(name)) cell.className = 'text';
      return cell;
    });
    this.#head.replaceChildren(...cells);
  }

  show(processes, texts) {
    const shown = new Map();
    for (const process of processes) {
      const key = `${process.role} ${process.id} ${process.pid}`;
      const row = this.#rows.get(key) ?? newRow();
      shown.set(key, row);
      row.dataset.state = process.state;
      Object.values(CELLS).forEach((write, index) => put(row.cells[index], write(process, texts)));
    }
    this.#rows = shown;
    const rows = [...shown.values()];
    const isSame = rows.length === this.#body.rows.length && rows.every((row, index) => row === this.#body.rows[index]);
    if (!isSame) this.#body.replaceChildren(...rows);
  }
}

function newRow() {
  const row = document.createElement('tr');
  for (const name of Object.keys(CELLS)) {
    const cell = row.appendChild(document.createElement(name === 'role' ? 'th' : 'td'));
    if (name === 'role') cell.scope = 'row';
    if (TEXT_COLUMNS.includes(name)) cell.className = 'text';
  }
  return row;
}

module.exports = { Table, put };
