'use strict';
// examples/graphql-subscriptions.

const http = require('node:http');
const { json } = require('node:stream/consumers');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');
const { GOOD_END, ended, startExample } = require('../support/examples');
const { until } = require('../support/until');

/** How the example itself closes a subscription; the cluster would do it later, and give no reason. */
const GOING_AWAY = { code: 1001, reason: 'Going away' };
const RETRY_WAIT_MS = 20;

const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.terminate()));

async function graphql(port, query, variables) {
  const outgoing = http.request({ port, host: '127.0.0.1', path: '/graphql', method: 'POST', agent: false });
  outgoing.end(JSON.stringify({ query, variables }));
  const [incoming] = await once(outgoing, 'response');
  return json(incoming);
}

const post = (port, text) => graphql(port, 'mutation ($text: String!) { post(text: $text) { pid } }', { text });

/** A subscriber that connects again when its connection is closed. `ends`: how those were that it had. */
function subscriber(port) {
  const reader = { texts: [], ends: [], isConnected: false, over: false };
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryWait: () => pause(RETRY_WAIT_MS),
    on: {
      connected: () => (reader.isConnected = true),
      closed({ code, reason }) {
        if (reader.isConnected) reader.ends.push({ code, reason });
        reader.isConnected = false;
      },
    },
  });
  clients.push(client);
  client.subscribe(
    { query: 'subscription { posted { text } }' },
    { next: ({ data }) => reader.texts.push(data.posted.text), error: () => (reader.over = true), complete: () => {} },
  );
  return reader;
}

/** Posts until every subscriber has heard one of them: a subscription is not acknowledged. Resolves when all have what is sent last. */
async function expectAllHear(port, readers, text) {
  let count = 0;
  await until(async () => {
    count += 1;
    await post(port, `${text} ${count}`);
    return readers.every(({ texts }) => texts.some((heard) => heard.startsWith(text)));
  });
  await post(port, `${text}, at last`);
  await until(() => readers.every(({ texts }) => texts.includes(`${text}, at last`)));
}

async function workers(port) {
  const pids = new Set();
  await until(async () => pids.add((await graphql(port, '{ pid }')).data.pid).size === 2);
  return pids;
}

test('subscribers of both workers get every post; a reload moves them, and the end closes them, with 1001', async () => {
  const { app, port } = await startExample('graphql-subscriptions');
  const first = await workers(port);
  const readers = Array.from({ length: 6 }, () => subscriber(port));
  await expectAllHear(port, readers, 'before');

  app.kill('SIGHUP');
  await until(async () => [...(await workers(port))].every((pid) => !first.has(pid)));
  await until(() => readers.every(({ ends, isConnected }) => isConnected && ends.length > 0));
  await expectAllHear(port, readers, 'after');

  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
  // They tried to connect again, to nobody.
  await until(() => readers.every(({ over }) => over));
  // By the reload (twice, if it came to a worker first whose turn was next), and by the end.
  for (const { ends } of readers) {
    expect(ends.length).toBeGreaterThanOrEqual(2);
    expect(ends).toEqual(ends.map(() => GOING_AWAY));
  }
});
