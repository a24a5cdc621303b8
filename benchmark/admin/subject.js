'use strict';

// The cluster that is measured, as a process of its own.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

async function startSubject(workers) {
  const app = spawn(process.execPath, [path.join(__dirname, 'app.js'), String(workers)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = readline.createInterface({ input: app.stdout });
  const next = async () => JSON.parse((await once(lines, 'line'))[0]);
  const { port } = await next();
  return {
    pid: app.pid,
    port,
    async block(file) {
      const blocked = next();
      app.stdin.write(`${file}\n`);
      await blocked;
    },
    async end() {
      app.kill('SIGTERM');
      await once(app, 'exit');
    },
  };
}

/** One request: on a connection of its own, as a probe's, or on that of an agent, as Prometheus has it. */
function get(port, url, agent = false) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path: url, agent }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', reject);
  });
}

/** The time that all threads of a process ran, in ms, finer than `cpuTime()`: field 1 of schedstat (Documentation/scheduler/sched-stats). */
function ranFor(pid) {
  const folder = `/proc/${pid}/task`;
  const times = fs.readdirSync(folder).map((thread) => {
    try {
      return Number(fs.readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      return 0; // it ended meanwhile
    }
  });
  return times.reduce((sum, each) => sum + each, 0);
}

module.exports = { get, ranFor, startSubject };
