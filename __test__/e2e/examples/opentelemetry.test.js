'use strict';
// examples/opentelemetry.

const { GOOD_END, bothWorkers, ended, startExample } = require('../support/examples');
const { request, requests } = require('../support/client');

const COUNT = 30;

test('every request has its span, also those that wait for their batch when the app is ended', async () => {
  const { app, port } = await startExample('opentelemetry');
  await bothWorkers(port);
  await requests(port, COUNT, 4, '/order');
  // Its span is not ended yet when the workers are told to end.
  const last = request(port, '/last');
  app.kill('SIGTERM');
  expect((await last).status).toBe(200);
  expect(await ended(app)).toEqual(GOOD_END);
  const exported = app.output.split('\n').filter((line) => line.trim().startsWith("name: 'GET "));
  expect(exported.filter((line) => line.includes('/order'))).toHaveLength(COUNT);
  expect(exported.filter((line) => line.includes('/last'))).toHaveLength(1);
});
