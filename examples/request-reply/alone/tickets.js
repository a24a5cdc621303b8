'use strict';
// What there must be only one of: a number that no two requests get, whichever worker they come to.

const { onRequest } = require('@yunflyjs/cluster-native');

module.exports = function tickets() {
  const last = new Map();
  onRequest('ticket', ({ queue }) => {
    if (!/^[a-z]+$/.test(queue)) throw Object.assign(new Error(`no such queue: ${queue}`), { code: 'ERR_QUEUE' });
    const number = (last.get(queue) ?? 0) + 1;
    last.set(queue, number);
    return number;
  });
};
