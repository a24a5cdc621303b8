'use strict';

const fs = require('node:fs');
const { start } = require('../support/cluster');
const { script } = require('../support/files');

const RESTARTS = Number(process.env.RESTARTS ?? 100);
const WARM_UP = 20;
const COUNT = 2;
const MOST_GROWTH = 40 * 1024 * 1024;

/** What a process holds of the system (proc(5)). */
const held = (pid) => ({
  fds: fs.readdirSync(`/proc/${pid}/fd`).length,
  threads: fs.readdirSync(`/proc/${pid}/task`).length,
});

/** The children of a process with their state: `Z` is a zombie. */
function childrenOf(parent) {
  const found = [];
  for (const name of fs.readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    let stat;
    try {
      stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      continue; // it ended meanwhile
    }
    // The command stands in parentheses, and may hold some itself.
    const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(ppid) === parent) found.push({ pid: Number(name), state });
  }
  return found;
}

/** Kills the slot's worker as soon as it is online, `times` in a row. */
async function restart(app, slot, times) {
  let worker = (await app.workers()).find((each) => each.slot === slot);
  for (let left = times; left > 0; left--) {
    const { id, pid } = worker;
    process.kill(pid, 'SIGKILL');
    await app.event('exit', (each) => each.id === id);
    [worker] = await app.event('online', (each) => each.slot === slot && each.id > id);
  }
}

const restartBoth = (app, times) => Promise.all([restart(app, 1, times / COUNT), restart(app, 2, times / COUNT)]);

test(
  `${RESTARTS} restarts leave no descriptor, no thread, no zombie, no memory`,
  async () => {
    const exec = script('setInterval(() => {}, 1e9);');
    const app = await start({ exec, count: COUNT, ready: 'online', minUptime: 0 });
    await restartBoth(app, WARM_UP);
    const before = { ...held(app.pid), children: childrenOf(app.pid).length, rss: await app.call('rss') };
    await restartBoth(app, RESTARTS);
    const after = { ...held(app.pid), rss: await app.call('rss') };
    const children = childrenOf(app.pid);

    expect(app.events('exit')).toHaveLength(WARM_UP + RESTARTS);
    expect(app.events('reachReforkLimit')).toEqual([]);
    expect(children.filter(({ state }) => state === 'Z')).toEqual([]);
    expect(children).toHaveLength(before.children);
    expect(after.fds).toBeLessThanOrEqual(before.fds);
    expect(after.threads).toBeLessThanOrEqual(before.threads);
    expect(after.rss - before.rss).toBeLessThan(MOST_GROWTH);
    expect((await app.workers()).map(({ slot }) => slot).sort()).toEqual([1, 2]);
  },
  60_000 + RESTARTS * 500,
);
