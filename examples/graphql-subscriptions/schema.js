'use strict';

const { EventEmitter, on } = require('node:events');
const { buildSchema } = require('graphql');
const { sendmessage } = require('@yunflyjs/cluster-native');

const schema = buildSchema(`
  type Post { text: String!, pid: Int! }
  type Query { pid: Int! }
  type Mutation { post(text: String!): Post! }
  type Subscription { posted: Post! }
`);

const posts = new EventEmitter();
posts.setMaxListeners(0); // one for each subscription

const { pid } = schema.getQueryType().getFields();
pid.resolve = () => process.pid;

// To all workers; this one gets it, too.
const { post } = schema.getMutationType().getFields();
post.resolve = (_root, { text }) => {
  const data = { text, pid: process.pid };
  sendmessage(process, { from: 'worker', to: 'worker', type: 'all', action: 'posted', data });
  return data;
};
process.on('message', ({ from, action, data }) => {
  if (from === 'worker' && action === 'posted') posts.emit('posted', data);
});

const { posted } = schema.getSubscriptionType().getFields();
posted.subscribe = () => on(posts, 'posted');
posted.resolve = ([data]) => data;

module.exports = { schema };
