'use strict';

const { cut, duration, pad } = require('./text');

const NAME_WIDTH = 12;

/** How a listening address is called: what a client is to be given. */
function addressText({ addressType, address, port, fd }) {
  if (addressType === -1) return String(address);
  if (port === undefined || port < 0) return `fd ${fd}`;
  const kind = String(addressType).startsWith('udp') ? 'UDP port' : 'port';
  return address ? `${kind} ${port} of ${address}` : `${kind} ${port}`;
}

/** The lines above the table. */
function banner(about, { width, colors }) {
  const { title, mode, workers, pid, readyAfter, addresses, watched } = about;
  const count = workers === 1 ? '1 worker' : `${workers} workers`;
  const facts = [
    ['mode', mode],
    ['runs', `${count}, Node.js ${process.version}, pid ${pid}`],
    ['listens on', addresses.join(', ')],
    ['watches', watched.join(', ')],
  ];
  const shown = facts.filter(([, text]) => text !== '');
  return [
    colors.bold(cut(`${title} is ready in ${duration(readyAfter)}`, width)),
    ...shown.map(([name, text]) => `${colors.dim(pad(name, NAME_WIDTH))}${cut(text, width - NAME_WIDTH)}`),
  ];
}

module.exports = { addressText, banner };
