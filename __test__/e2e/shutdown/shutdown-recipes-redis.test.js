'use strict';
// The recipes of docs/en/guide/shutdown-recipes.md for Redis.

const { leaveUnderRequest, snippet, ways, worker } = require('../support/recipes');
const { RedisServer, hasRedis } = require('../support/redis');

if (!hasRedis) process.stderr.write('NOT RUN: the Redis recipes. There is no redis-server on the PATH.\n');
const suite = hasRedis ? describe.each : describe.skip.each;

let server;

beforeAll(async () => {
  if (hasRedis) server = await new RedisServer().start();
});
afterAll(() => server?.stop());
beforeEach(() => server?.client.flushall());

const redis = () => ({ env: { REDIS_URL: server.url }, connections: () => server.connections() });
const goodEnd = {
  wasConnected: true,
  answer: true,
  exit: [0, null],
  unexpected: 0,
  end: expect.objectContaining({ code: 0 }),
};

suite(Object.keys(ways))('%s', (way) => {
  test('Redis', async () => {
    const left = await leaveUnderRequest(way, worker('redis', snippet('Redis')), redis());
    expect(left).toEqual({ ...goodEnd, story: ['under way', 'draining', 'answered', 'ran out of work', 'ended'] });
    if (way === 'close()') expect(await server.connections()).toBe(0);
    expect(await server.client.lrange('visits', 0, -1)).toEqual(['before', 'after']);
  });

  test('BullMQ', async () => {
    const left = await leaveUnderRequest(way, worker('bullmq', snippet('BullMQ')), redis());
    expect(left).toEqual({
      ...goodEnd,
      story: ['under way', 'draining', 'answered', 'sent', 'ran out of work', 'ended'],
    });
    if (way === 'close()') expect(await server.connections()).toBe(0);
  });
});
