'use strict';

// PM2 as in bench:http, and `pm2 reload`.

const { promisify } = require('node:util');
const { pm2 } = require('../../http/peers/pm2');
const { obey } = require('./orders');

const reload = promisify(pm2.reload.bind(pm2));

obey({ reload: () => reload('benchmark').then(() => null) });
