'use strict';

// Who is compared. `isMaster`: its app process forwards, and does nothing else: its CPU is that of a master.

const SUBJECT = 'cluster-native';
const ORIGINAL = 'original';
const RAW = 'raw';

const peers = [
  { name: SUBJECT, title: 'this project', isMaster: true, hasRequest: true },
  { name: ORIGINAL, title: "the original's stack", isMaster: true },
  { name: RAW, title: 'raw process.send' },
];

module.exports = { peers, SUBJECT, ORIGINAL, RAW };
