'use strict';

// What children are started with: the files of their preload, relative to lib/, and what these require (later.test.js looks
// whether it is all). Listed, because it is kept in the moment in which the cluster is ready, and finding out would delay that.

const os = require('os');
const path = require('path');
const { PRELOAD } = require('./bundled');

const OF_THE_PRELOAD = [
  'alone-main',
  'batch',
  'alone',
  'beat',
  'channel',
  'connection-close',
  'connections',
  'datagrams',
  'disconnect',
  'draining',
  'faults',
  'fence',
  'hand-back',
  'handed-over',
  'index',
  'kept-handles',
  'lane',
  'loads',
  'members',
  'messenger',
  'node-channel',
  'outgoing',
  'profile',
  'random-worker',
  'remaining-work',
  'request',
  'requests',
  'serialization',
  'servers',
  'signals',
  'streams',
  'topics',
  'vitals',
  'worker',
];
const SHARED = [
  'errors',
  'real-timers',
  'warn',
  'messages/detach',
  'messages/job',
  'messages/messenger',
  'messages/request',
  'messages/request-arguments',
  'messages/request-pending',
  'messages/sendmessage',
  'messages/serialization',
  'messages/topic',
  'messages/topic-arguments',
  'messages/v8-text',
  'scripts/alone-files',
  'scripts/load-script',
  'scripts/module-type',
];

const FILES = [...OF_THE_PRELOAD.map((name) => `preload/${name}.js`), ...SHARED.map((name) => `${name}.js`)];

/** Where a copy may be made, best first; of systemd's RuntimeDirectory= and CacheDirectory= the first. */
function folders({ XDG_RUNTIME_DIR, RUNTIME_DIRECTORY = '', CACHE_DIRECTORY = '', XDG_CACHE_HOME, HOME }) {
  const [ofService, ofCache] = [RUNTIME_DIRECTORY, CACHE_DIRECTORY].map((list) => list.split(':')[0]);
  const found = [XDG_RUNTIME_DIR, ofService, ofCache, XDG_CACHE_HOME, HOME && path.join(HOME, '.cache'), os.tmpdir()];
  return found.filter((folder) => folder && path.isAbsolute(folder));
}

/** The master keeps them for the processes that it starts from now on. */
function keepPreload(master) {
  const lib = path.join(__dirname, '..');
  const entry = path.relative(lib, PRELOAD);
  master.keepPreload(lib, [...new Set([...FILES, entry])], folders(process.env));
}

module.exports = { FILES, keepPreload };
