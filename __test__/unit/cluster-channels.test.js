'use strict';
// The events of a cluster as channels of diagnostics_channel.

const diagnostics = require('node:diagnostics_channel');
const path = require('node:path');
const { createCluster } = require('../..');
const { declarations, members } = require('../../scripts/docs/reference/declarations');

const make = () =>
  createCluster({ exec: path.join(__dirname, '../fixtures/workers/http.js'), alone: false, mode: 'production' });

/** `{ event: the names of its arguments }` */
function events() {
  const [declared] = declarations().get('ClusterEvents');
  return members(declared).map(([name, [{ type }]]) => [name, type.elements.map((element) => element.name.text)]);
}

test.each(events())('%s is published with its arguments by name, before its listeners', (name, fields) => {
  const cluster = make();
  const heard = [];
  const subscriber = (message, channel) => heard.push([channel, message]);
  diagnostics.channel(`cluster-native:${name}`).subscribe(subscriber);
  cluster.on(name, (...args) => heard.push(args));
  cluster.emit(name, ...fields);
  diagnostics.channel(`cluster-native:${name}`).unsubscribe(subscriber);
  cluster.emit(name, ...fields);
  const message = { cluster, ...Object.fromEntries(fields.map((field) => [field, field])) };
  expect(heard).toEqual([[`cluster-native:${name}`, message], fields, fields]);
});

test('the types are those of the events', () => {
  const [declared] = declarations().get('ClusterChannels');
  const channels = members(declared).map(([name, [{ type }]]) => [
    name,
    type.members.map((member) => member.name.text),
  ]);
  expect(channels).toEqual(events().map(([name, fields]) => [`'cluster-native:${name}'`, ['cluster', ...fields]]));
});
