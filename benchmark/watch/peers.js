'use strict';

const path = require('node:path');

const NODE = process.execPath;
const NODEMON = path.join(__dirname, 'node_modules/nodemon/bin/nodemon.js');
const OURS = path.join(__dirname, 'cluster-native.js');
/** What all have for which it can be set. */
const DELAY_MS = 100;
/** Of node --watch, which has no option for it (lib/internal/main/watch_mode.js, `debounce`). */
const NODE_WATCH_DELAY_MS = 200;

/** `delay`: how long it waits after a save, in ms; `command(script)`: what runs the app, of which Subject passes the script and
 *  `config` on. */
const PEERS = [
  {
    name: 'cluster-native',
    label: 'this project, `reloadDelay: 100`',
    delay: DELAY_MS,
    script: OURS,
    command: [NODE],
    config: { reloadDelay: DELAY_MS },
    isOurs: true,
  },
  {
    name: 'cluster-native-default',
    label: 'this project, by default',
    delay: 500,
    script: OURS,
    command: [NODE],
    config: {},
    isOurs: true,
  },
  {
    name: 'nodemon',
    label: 'nodemon `--delay 100ms`',
    delay: DELAY_MS,
    command: [NODE, NODEMON, '--delay', `${DELAY_MS}ms`, '--watch', 'src'],
  },
  { name: 'nodemon-default', label: 'nodemon by default', delay: 0, command: [NODE, NODEMON, '--watch', 'src'] },
  { name: 'node-watch', label: '`node --watch`', delay: NODE_WATCH_DELAY_MS, command: [NODE, '--watch'] },
];

/** The app without anybody who watches: its own boot. */
const BARE = { name: 'boot', command: [NODE] };

module.exports = { PEERS, BARE };
