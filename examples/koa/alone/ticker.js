'use strict';
// Runs once, in the alone process, however many workers there are.

const { sendmessage } = require('@yunflyjs/cluster-native');

module.exports = function ticker() {
  let tick = 0;
  setInterval(() => {
    tick += 1;
    sendmessage(process, { from: 'alone', to: 'worker', type: 'all', action: 'tick', data: tick });
  }, 1000);
};
