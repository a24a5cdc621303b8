'use strict';

// Who had taken a lost request. A worker's log tells it, except in the microseconds between accept(2) and the 'connection'
// event, which a signal can hit: for those the kernel is asked which sockets the stopped process held. A worker that
// blocks does so in a callback of its own, and libuv calls back for each accept before the next (uv__server_io): it has
// logged all that it accepted.

const fs = require('node:fs');
const path = require('node:path');

/** Such a worker cannot finish what it has taken. The others can, and must. */
const KILLING = new Set(['SIGKILL', 'SIGSTOP', 'block']);

class Evidence {
  /** All processes, oldest first. In an hour a pid is used again. */
  #processes = [];
  #accepted = [];

  addProcess(pid) {
    this.#processes.push({ pid, began: Date.now(), fault: 'none' });
  }

  addFault(pid, kind) {
    this.#processes.findLast((one) => one.pid === pid).fault = kind;
  }

  addAccepted(pid, ports) {
    const time = Date.now();
    for (const port of ports) this.#accepted.push({ pid, port, time });
  }

  /** Sorts the requests: `{ requests, succeeded, lostWithKilled, lostUnlogged, lostWithOthers, lostUntaken, hung }`, lists. */
  sort(requests, logs) {
    const logged = readLogs(logs);
    const sorted = {
      succeeded: [],
      lostWithKilled: [],
      lostUnlogged: [],
      lostWithOthers: [],
      lostUntaken: [],
      hung: [],
    };
    for (const request of requests) {
      if (request.outcome === 'lost') sorted[this.#whyLost(request, logged)].push(request);
      else sorted[request.outcome].push(request);
    }
    return sorted;
  }

  #whyLost(request, { connections, requests }) {
    // Ports are used again: only what was logged while this request was under way is about it.
    const isIt = ({ port, time }) => port === request.port && time >= request.from && time <= request.to;
    const logged = requests.get(request.id) ?? connections.find(isIt);
    const taken = logged ?? this.#accepted.find(isIt);
    if (!taken) return 'lostUntaken';
    const isTaker = ({ pid, began }) => pid === taken.pid && began <= taken.time;
    request.takenBy = { pid: taken.pid, fault: this.#processes.findLast(isTaker).fault };
    if (!KILLING.has(request.takenBy.fault)) return 'lostWithOthers';
    return logged ? 'lostWithKilled' : 'lostUnlogged';
  }
}

function readLogs(folder) {
  const connections = [];
  const requests = new Map();
  for (const name of fs.readdirSync(folder)) {
    if (!/^\d+\.log$/.test(name)) continue;
    const pid = Number.parseInt(name, 10);
    for (const line of fs.readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      const [kind, value, time] = line.split(' ');
      if (kind === 'connection') connections.push({ pid, port: Number(value), time: Number(time) });
      if (kind === 'request') requests.set(value, { pid, time: Number(time) });
    }
  }
  return { connections, requests };
}

module.exports = { Evidence };
