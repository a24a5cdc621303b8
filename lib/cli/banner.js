'use strict';

const { isIPv6 } = require('net');
const { cut, duration, pad } = require('./text');

const NAME_WIDTH = 12;
/** What listens everywhere is reached by this name. */
const EVERYWHERE = ['', '0.0.0.0', '::'];
/** Of a TCP server nobody says what it speaks: most speak HTTP, on these ports by TLS. */
const SECURE_PORTS = [443, 8443];
const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

/** How a listening address is called: a URL to click, or what a client is to be given. */
function addressText({ addressType, address, port, fd }) {
  if (addressType === -1) return String(address);
  if (port === undefined || port < 0) return `fd ${fd}`;
  const host = EVERYWHERE.includes(address ?? '') ? undefined : address;
  if (String(addressType).startsWith('udp')) return `UDP port ${port}${host ? ` of ${host}` : ''}`;
  return urlOf(host ?? 'localhost', port);
}

function urlOf(host, port) {
  const scheme = SECURE_PORTS.includes(port) ? 'https:' : 'http:';
  // A zone (fe80::1%eth0) is written %25 in a URL (RFC 6874).
  const name = isIPv6(host) ? `[${host.replace('%', '%25')}]` : host;
  return `${scheme}//${name}${port === USUAL_PORTS[scheme] ? '' : `:${port}`}/`;
}

/** The lines above the table. */
function banner(about, { width, colors }) {
  const { title, mode, workers, pid, readyAfter, addresses, watched, configFile } = about;
  const count = workers === 1 ? '1 worker' : `${workers} workers`;
  const facts = [
    ['mode', mode],
    ['config', configFile || ''],
    ['runs', `${count}, Node.js ${process.version}, pid ${pid}`],
    // Each whole, on a line of its own: it is to be clicked.
    ...addresses.map((text, i) => [i === 0 ? 'listens on' : '', text, colors.cyan]),
    ['watches', watched.join(', ')],
  ];
  const shown = facts.filter(([, text]) => text !== '');
  return [
    colors.bold(cut(`${title} is ready in ${duration(readyAfter)}`, width)),
    ...shown.map(
      ([name, text, tint = String]) => colors.dim(pad(name, NAME_WIDTH)) + tint(cut(text, width - NAME_WIDTH)),
    ),
  ];
}

module.exports = { addressText, banner };
