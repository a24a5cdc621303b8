'use strict';
// What the app's own callbacks throw is an uncaught exception as in any other: none of it comes out of a promise of ours.

const { launch, fixture } = require('../support/cluster');
const { script } = require('../support/files');

test.each([
  ['callback', 'of the callback'],
  ['in process', 'of ready'],
  ['reload', 'of reload'],
  ['exit', 'of exit'],
])('%s', async (story, message) => {
  const exec = script("require('http').createServer().listen(0);", 'worker.ts');
  const app = launch({ exec, count: 1 }, { script: fixture('throwing-app.js'), env: { STORY: story } });
  const { origin } = await app.report('exception', (report) => report.message === message);
  expect(origin).toBe('uncaughtException');
});
