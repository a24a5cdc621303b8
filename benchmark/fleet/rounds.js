'use strict';
// What is done to a fleet, and what is measured of it. Each round leaves all hosts at work. Times in ms.

const { setTimeout: sleep } = require('node:timers/promises');
const { now } = require('./resource');

/** Once another host writes, what the one before still sends has this long to arrive. */
const LATE_MS = 300;

/** Who has the alone, as the tenure that writes now. */
async function holding({ hosts, resource }) {
  const tenure = resource.tenures.get(await seen(resource));
  const host = hosts.find(({ told }) => told.some(({ name, token }) => name === 'acquired' && token === tenure.token));
  return { host, tenure };
}

async function seen(resource) {
  return resource.highest ?? (await resource.next(undefined)).token;
}

/** The times of the next tenure: until it wrote, and from the last write of the one before. */
async function succession(resource, tenure, begin) {
  const next = await resource.next(tenure.token);
  await sleep(LATE_MS);
  return { next: next.first - begin, gap: next.first - tenure.last, token: next.token };
}

/** The app is asked to end: from the end of its alone to the lease of the next host, and from its last write to the next one's first. */
async function graceful(fleet) {
  const { host, tenure } = await holding(fleet);
  const begin = now();
  await host.end();
  const { gap, token } = await succession(fleet.resource, tenure, begin);
  const others = fleet.hosts.filter((other) => other !== host);
  const acquired = await Promise.any(others.map((other) => other.tells('acquired', (event) => event.token === token)));
  const handover = acquired.at - host.told.findLast(({ name }) => name === 'ended').at;
  await host.start();
  return { handover, gap };
}

/** Everything on the host is killed at once. */
async function killed(fleet) {
  const { host, tenure } = await holding(fleet);
  const begin = now();
  await host.kill();
  const { next, gap } = await succession(fleet.resource, tenure, begin);
  await host.start();
  return { next, gap };
}

/** The host reaches nobody any more, and goes on. */
async function cutOff(fleet) {
  const { hosts, network, resource } = fleet;
  const { host, tenure } = await holding(fleet);
  const begin = now();
  network.cut(hosts.indexOf(host));
  const times = await succession(resource, tenure, begin);
  network.heal(hosts.indexOf(host));
  return { next: times.next, gap: times.gap };
}

/** Everything on the host stands still until another host has the alone, and goes on then. */
async function frozen(fleet) {
  const { host, tenure } = await holding(fleet);
  const begin = now();
  host.signal('SIGSTOP');
  const { next } = await succession(fleet.resource, tenure, begin);
  const written = tenure.last;
  host.signal('SIGCONT');
  await host.tells('lost', ({ at }) => at > begin);
  await sleep(LATE_MS);
  return { next, accepted: Number(tenure.last !== written), refused: tenure.refused };
}

/** A server is killed, and started again: the longest time without a write. */
async function serverKilled(fleet, index, settle) {
  const { tenure } = await holding(fleet);
  tenure.pause = 0;
  await fleet.servers.kill(index % fleet.servers.count);
  await sleep(settle);
  await fleet.servers.start(index % fleet.servers.count);
  await sleep(settle);
  return { stayed: fleet.resource.highest === tenure.token, pause: tenure.pause };
}

module.exports = { cutOff, frozen, graceful, killed, serverKilled };
