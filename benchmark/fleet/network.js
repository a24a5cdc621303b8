'use strict';
// Each host in a network namespace of its own, where that is allowed: one that is cut off is there still, and reaches nobody.

const { spawnSync } = require('node:child_process');

const BRIDGE = 'bench-fleet';
const address = (number) => `10.213.7.${number}`;

function ip(...args) {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

/** Whether namespaces can be made here. */
function isAllowed() {
  const probe = `${BRIDGE}-probe`;
  const made = spawnSync('ip', ['netns', 'add', probe]).status === 0;
  if (made) spawnSync('ip', ['netns', 'delete', probe]);
  return made;
}

class Network {
  #hosts;

  constructor(count) {
    this.#hosts = Array.from({ length: count }, (_, i) => `${BRIDGE}-${i + 1}`);
  }

  /** Where the servers listen. */
  get address() {
    return address(254);
  }

  open() {
    this.close();
    ip('link', 'add', BRIDGE, 'type', 'bridge');
    ip('address', 'add', `${this.address}/24`, 'dev', BRIDGE);
    ip('link', 'set', BRIDGE, 'up');
    for (const [i, name] of this.#hosts.entries()) {
      ip('netns', 'add', name);
      ip('link', 'add', `bf-${i + 1}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('link', 'set', `bf-${i + 1}`, 'master', BRIDGE, 'up');
      ip('-n', name, 'address', 'add', `${address(i + 1)}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    return this;
  }

  /** What runs a command on a host. */
  command(index) {
    return ['ip', 'netns', 'exec', this.#hosts[index]];
  }

  cut(index) {
    ip('link', 'set', `bf-${index + 1}`, 'down');
  }

  heal(index) {
    ip('link', 'set', `bf-${index + 1}`, 'up');
  }

  close() {
    for (const name of this.#hosts) spawnSync('ip', ['netns', 'delete', name]);
    spawnSync('ip', ['link', 'delete', BRIDGE]);
  }
}

/** All hosts are this machine: none can be cut off. */
class Loopback {
  address = '127.0.0.1';
  open() {
    return this;
  }
  command() {
    return [];
  }
  close() {}
}

module.exports = { Loopback, Network, isAllowed };
