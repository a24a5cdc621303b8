'use strict';

// PM2 as in bench:http, `pm2 reload` and `pm2 stop`.

const { promisify } = require('node:util');
const { pm2 } = require('../../http/peers/pm2');
const { obey } = require('../../lib/orders');

const does = (name) => () => promisify(pm2[name].bind(pm2))('benchmark').then(() => null);

obey({ reload: does('reload'), stop: does('stop') });
