'use strict';
// The app under `node --watch`.

const path = require('node:path');
const { launch, runtime } = require('../support/cluster');
const { scripts } = require('../support/files');

const root = JSON.stringify(path.join(__dirname, '../../..'));

test('what children load is no message of theirs, and an own message arrives', async () => {
  const folder = scripts({
    'start.js': `
      const { createCluster } = require(${root});
      const cluster = createCluster({ exec: 'app.mjs', alone: 'alone.js', cwd: __dirname, mode: 'production', count: 2 });
      cluster.on('message', (_child, message) => console.log('message', JSON.stringify(message)));
      cluster.on('protocolError', (_child, error) => console.log('message', error.message));
      cluster.start().then(() => console.log('started'));`,
    'alone.js': `
      require('./loaded.js');
      process.on('message', (message) => console.log('message', JSON.stringify(message)));
      module.exports = () => {};`,
    'app.mjs': `
      import http from 'node:http';
      import './loaded.js';
      http.createServer().listen(0, () => process.send({ to: 'app', action: 'hello' }));`,
    'loaded.js': '',
  });
  const app = launch({}, { commandLine: [runtime, '--watch', path.join(folder, 'start.js')] });
  const messages = () =>
    app
      .events('output')
      .map(([line]) => line)
      .filter((line) => line.startsWith('message'));
  await app.event('output', (line) => line === 'started');
  await app.event('output', () => messages().filter((line) => line.includes('hello')).length === 2);
  expect(messages()).toEqual(Array.from({ length: 2 }, () => 'message {"to":"app","action":"hello"}'));
});
