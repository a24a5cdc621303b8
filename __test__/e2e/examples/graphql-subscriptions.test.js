'use strict';
// examples/graphql-subscriptions.

const http = require('node:http');
const { json } = require('node:stream/consumers');
const { once } = require('node:events');
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');
const { GOOD_END, ended, startExample } = require('../support/examples');
const { until } = require('../support/until');

/** How the example itself closes a subscription; the cluster would do it later, and give no reason. */
const GOING_AWAY = { code: 1001, reason: 'Going away' };

const clients = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));

async function graphql(port, query, variables) {
  const outgoing = http.request({ port, host: '127.0.0.1', path: '/graphql', method: 'POST', agent: false });
  outgoing.end(JSON.stringify({ query, variables }));
  const [incoming] = await once(outgoing, 'response');
  return json(incoming);
}

const post = (port, text) => graphql(port, 'mutation ($text: String!) { post(text: $text) { pid } }', { text });

/** A subscriber that connects again when it is told that its worker goes away, and for no other reason. */
function subscriber(port) {
  const reader = { texts: [], ends: [], opened: 0, over: false };
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    shouldRetry: ({ code }) => code === GOING_AWAY.code,
    retryWait: async () => {},
    on: { connected: () => (reader.opened += 1), closed: ({ code, reason }) => reader.ends.push({ code, reason }) },
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
  await until(() => readers.every(({ ends, opened }) => opened > ends.length));
  expect(readers.map(({ ends }) => ends)).toEqual(readers.map(() => [GOING_AWAY]));
  await expectAllHear(port, readers, 'after');

  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
  // They connected once more, to nobody.
  await until(() => readers.every(({ over }) => over));
  for (const { ends } of readers) expect(ends.slice(0, 2)).toEqual([GOING_AWAY, GOING_AWAY]);
});
