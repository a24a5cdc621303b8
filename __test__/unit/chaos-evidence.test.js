'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { Evidence } = require('../../benchmark/chaos/evidence');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

test('a request is lost with the process that had taken it, not with a later one of its pid', async () => {
  const evidence = new Evidence();
  evidence.addProcess(7);
  const from = Date.now();
  evidence.addFault(7, 'SIGKILL');
  const logs = folder({ '7.log': `request r ${from}\n` });
  // The next process of the pid is a later one by the clock, too.
  while (Date.now() === from) await sleep(1);
  evidence.addProcess(7);
  evidence.addFault(7, 'throw');
  const request = { id: 'r', from, to: from + 300, outcome: 'lost' };
  expect(evidence.sort([request], logs).lostWithKilled).toEqual([request]);
  expect(request.takenBy).toEqual({ pid: 7, fault: 'SIGKILL' });
});
