'use strict';

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

/** One request; resolves with status, headers, text and (for JSON) body; a broken connection rejects. */
function request(port, path = '/', { secure = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const client = secure ? https : http;
    const outgoing = client.get({ port, path, host: '127.0.0.1', agent: false, ...options }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part) => (text += part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const isJson = incoming.headers['content-type']?.includes('json');
        resolve({
          status: incoming.statusCode,
          headers: incoming.headers,
          text,
          body: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    outgoing.on('error', reject);
  });
}

/** `total` requests, `atOnce` of them under way at any time; resolves with all answers in the order of their end. */
async function requests(port, total, atOnce, path = '/', options) {
  const answers = [];
  let begun = 0;
  const lane = async () => {
    while (begun < total) {
      begun += 1;
      answers.push(await request(port, path, options));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return answers;
}

/** An open TCP connection. */
function connect(port, host = '127.0.0.1') {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Everything that the other side sends until it closes. */
async function readAll(socket) {
  let text = '';
  for await (const part of socket) text += part;
  return text;
}

/**
 * A connection to fixtures/workers/hold.js. `socket` is there at once (it may wait for its worker), `taken` resolves with
 * the { slot, pid } that took it and rejects when the connection breaks before. `options` as for net.connect.
 */
function hold(port, options) {
  const socket = net.connect({ port, host: '127.0.0.1', ...options });
  const taken = new Promise((resolve, reject) => {
    socket.once('data', (line) => resolve(JSON.parse(line)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without a greeting')));
  });
  taken.catch(() => {}); // it is for those who ask
  return { socket, taken };
}

/** A request on a connection of its own that is open already when this resolves; the answer's text comes with `answer`. */
async function ask(port) {
  const socket = await connect(port);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  return { answer: readAll(socket) };
}

module.exports = { request, requests, connect, readAll, hold, ask };
