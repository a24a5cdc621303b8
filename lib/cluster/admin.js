'use strict';

const fs = require('fs');
const path = require('path');
const util = require('util');
const zlib = require('zlib');
const { ClusterError } = require('../errors');

/** Made by scripts/page.js. */
const PAGE = path.join(__dirname, '../../page.html.gz');

/** Binds the admin address before anything is started; resolves which it is: the system may have chosen the port. */
function openAdmin(master, { address }) {
  const port = master.openAdmin(readPage());
  if (port < 0) {
    const reason = util.getSystemErrorName(port);
    const where = address.path ?? `${address.host}:${address.port}`;
    const remedy = 'Give `admin` another port or path, or 0 for any free port.';
    throw new ClusterError('ERR_ADMIN_ADDRESS', `The admin address ${where} cannot be used: ${reason}. ${remedy}`);
  }
  return address.path === undefined ? { host: address.host, port } : { path: address.path };
}

/** The page, read now: the app outlives its files. Undefined where it was not built; who asks for it is told so. */
function readPage() {
  try {
    const gzip = fs.readFileSync(PAGE);
    const plain = zlib.gunzipSync(gzip);
    const [, policy] = /^<!-- Content-Security-Policy: (.+) -->$/m.exec(plain.toString('latin1'));
    return { plain, gzip, policy };
  } catch {
    return undefined;
  }
}

module.exports = { openAdmin };
