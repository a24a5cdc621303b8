'use strict';

const util = require('util');
const { ClusterError } = require('../errors');

/** Binds the admin address before anything is started; resolves which it is: the system may have chosen the port. */
function openAdmin(master, { address }) {
  const port = master.openAdmin();
  if (port < 0) {
    const reason = util.getSystemErrorName(port);
    const where = address.path ?? `${address.host}:${address.port}`;
    const remedy = 'Give `admin` another port or path, or 0 for any free port.';
    throw new ClusterError('ERR_ADMIN_ADDRESS', `The admin address ${where} cannot be used: ${reason}. ${remedy}`);
  }
  return address.path === undefined ? { host: address.host, port } : { path: address.path };
}

module.exports = { openAdmin };
