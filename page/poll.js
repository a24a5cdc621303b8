'use strict';

// Asks the cluster once a second, while somebody sees the page.

const PAUSE = 1000;
const PATIENCE = 5000;

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' });
  if (!response.ok) throw new RefusedError(response.status);
  return response.json();
}

/** It answers, but not this. */
class RefusedError extends Error {
  constructor(status) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** `tell({ stats, news })` with each answer, `fail(error)` when there is none. */
function poll({ tell, fail }) {
  let [after, startedAt] = [0, undefined];
  let timer;
  let isAsking = false;

  async function ask() {
    const stats = await get('stats');
    let news = await get(`events?after=${after}`);
    // Another cluster, which counts from the beginning.
    if (news.startedAt !== startedAt && after > 0) news = await get('events');
    [after, startedAt] = [news.last, news.startedAt];
    return { stats, news };
  }

  async function turn() {
    clearTimeout(timer);
    if (isAsking || document.hidden) return;
    isAsking = true;
    try {
      // What goes wrong in showing it is no fault of the cluster.
      await ask().then(tell, fail);
    } finally {
      isAsking = false;
      timer = setTimeout(turn, PAUSE);
    }
  }

  document.addEventListener('visibilitychange', turn);
  turn();
}

module.exports = { RefusedError, poll };
