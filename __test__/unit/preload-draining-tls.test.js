'use strict';
// How a worker with TLS and HTTP/2 servers ends.

const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const tls = require('node:tls');
const WebSocket = require('ws');
const { connect, request } = require('./support/http');
const { endAll, startServers } = require('./support/preloaded');

const secure = path.join(__dirname, 'fixtures/secure.js');
const ca = fs.readFileSync(path.join(__dirname, '../fixtures/tls/cert.pem'));
const TLS_ALERT = 21;
const orderly = { code: 0, signal: null };

jest.setTimeout(120_000);
let agents = [];
let sockets = [];

afterEach(async () => {
  for (const each of [...agents, ...sockets]) each.destroy();
  agents = [];
  sockets = [];
  await endAll();
});

function keepAlive(options) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...options });
  agents.push(agent);
  return agent;
}

async function open(port) {
  const socket = await connect(port);
  sockets.push(socket);
  return socket;
}

const connectionHeaders = ({ rawHeaders }) =>
  rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === 'connection');

/** A connection to this port by way of another one, where the types of the TLS records that come back are seen. */
async function tap(port) {
  let received = Buffer.alloc(0);
  const proxy = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    sockets.push(near, far);
    // What is still on its way when the other end has closed.
    for (const each of [near, far]) each.on('error', () => {});
    far.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    near.pipe(far).pipe(near);
    proxy.close();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const recordTypes = () => {
    const types = [];
    for (let at = 0; at < received.length; at += 5 + received.readUInt16BE(at + 3)) types.push(received[at]);
    return types;
  };
  return { port: proxy.address().port, recordTypes };
}

/** https, http2 without TLS, http2 with TLS, in the order in which they began to listen. */
async function startSecure(boot = {}) {
  const child = await startServers(secure, { boot }, 3);
  return { child, ports: await child.sends('ports') };
}

test('https: an idle connection is served or closed with a close_notify; a handshake that never comes is closed', async () => {
  const { child, ports } = await startSecure();
  const agent = keepAlive({ ca, servername: 'localhost' });
  await request(ports.https, { module: https, agent });
  const wire = await tap(ports.https);
  // In TLS 1.3 a record doesn't show what it is.
  const idle = tls.connect({
    port: wire.port,
    host: '127.0.0.1',
    ca,
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  });
  sockets.push(idle);
  await once(idle, 'secureConnect');
  const silent = await open(ports.https);
  child.drain({ grace: 1500 });
  await child.sends('drain');
  const answer = await request(ports.https, { module: https, agent });
  expect(connectionHeaders(answer)).toEqual(['close']);
  await Promise.all([once(idle.resume(), 'end'), once(silent.resume(), 'close')]);
  expect(wire.recordTypes().at(-1)).toBe(TLS_ALERT);
  await expect(child.ended).resolves.toEqual(orderly);
});

const connectHttp2 = (kind, ports) =>
  http2.connect(`${kind === 'h2' ? 'https' : 'http'}://127.0.0.1:${ports[kind]}`, { ca, servername: 'localhost' });

test.each(['h2c', 'h2'])('%s: streams under way are finished, the session is told to go away', async (kind) => {
  const { child, ports } = await startSecure();
  const session = connectHttp2(kind, ports);
  const goaway = once(session, 'goaway');
  const stream = session.request({ ':path': '/' });
  await child.sends('stream');
  child.drain({ grace: 200 });
  // The first notice still takes what is on its way: every stream id is below its limit.
  expect((await goaway).slice(0, 2)).toEqual([http2.constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1]);
  child.send('answer');
  expect(await text(stream)).toBe('streamed');
  await expect(child.ended).resolves.toEqual(orderly);
});

test.each(['h2c', 'h2'])('%s: with no grace, in development, streams under way are finished as well', async (kind) => {
  const { child, ports } = await startSecure({ mode: 'development' });
  const session = connectHttp2(kind, ports);
  const stream = session.request({ ':path': '/' });
  await child.sends('stream');
  const goaway = once(session, 'goaway');
  child.drain({ grace: 0 });
  await goaway;
  child.send('answer');
  expect(await text(stream)).toBe('streamed');
  await expect(child.ended).resolves.toEqual(orderly);
});

test.each(['h2c', 'h2'])('%s: an event stream ends as a whole response', async (kind) => {
  const { child, ports } = await startSecure({ streamTimeout: 100 });
  const session = connectHttp2(kind, ports);
  const stream = session.request({ ':path': '/events' });
  await once(stream, 'data');
  child.drain({ grace: 50 });
  await once(stream.resume(), 'close');
  expect(stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('https: an event stream ends as a whole response', async () => {
  const { child, ports } = await startSecure({ streamTimeout: 100 });
  const asked = https.get({ port: ports.https, host: '127.0.0.1', path: '/events', ca, servername: 'localhost' });
  const [response] = await once(asked, 'response');
  const received = text(response);
  child.drain({ grace: 50 });
  await expect(received).resolves.toBe('data: first\n\n');
  expect(response.complete).toBe(true);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('https: a WebSocket is told that the server goes away', async () => {
  const { child, ports } = await startSecure({ streamTimeout: 100 });
  const socket = new WebSocket(`wss://127.0.0.1:${ports.https}`, { ca, servername: 'localhost' });
  await once(socket, 'open');
  child.drain({ grace: 50 });
  expect((await once(socket, 'close'))[0]).toBe(1001);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('h2: an idle session is ended too', async () => {
  const { child, ports } = await startSecure();
  const session = http2.connect(`http://127.0.0.1:${ports.h2c}`);
  await once(session, 'remoteSettings');
  child.drain({ grace: 100 });
  await once(session, 'close');
  await expect(child.ended).resolves.toEqual(orderly);
});
