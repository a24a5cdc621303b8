'use strict';

// `fleet`: the servers over which several hosts agree which one of them has the alone. What is secret in it is in no message: of a wrong
// value that may hold a secret only its kind is told, and of a URL nothing before its '@'.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ClusterError } = require('../errors');
const { invalid, refused, shown } = require('./check');
const { isObject, isString, kindOf, milliseconds, oneOf, title } = require('./kinds');

const LEAST_LEASE_MS = 1000;
/** As LONGEST_HOST in crates/fleet/src/members/announcement.rs. */
const LONGEST_HOST_BYTES = 250;
const SCHEMES = ['nats:', 'tls:'];

/** Those whose values are plain. */
const PLAIN = {
  name: title,
  host: {
    allowed: `${title.allowed}, of at most ${LONGEST_HOST_BYTES} bytes`,
    accepts: (value) => title.accepts(value) && Buffer.byteLength(value) <= LONGEST_HOST_BYTES,
  },
  alone: oneOf('fleet', 'host'),
  randomWorker: oneOf('fleet', 'host'),
  lease: milliseconds(LEAST_LEASE_MS),
  onLost: oneOf('stop', 'keep'),
  start: oneOf('wait', 'serve'),
};
const NAMES = ['url', 'servers', 'tls', 'credentials', ...Object.keys(PLAIN)];

const TLS_FILES = ['ca', 'cert', 'key'];
const FORMS = [['file'], ['user', 'password'], ['token']];
const FORMS_IN_WORDS = '{ file }, { user, password } or { token }';

const SERVER = "the URL of a NATS server, such as 'nats://nats.internal:4222' or 'tls://nats.internal:4222'";

/** Checked and complete: `cwd` is what paths are relative to, `title` that of the cluster; `choosesWorker`: it has a random worker. */
function settledFleet(fleet, { cwd, title: ofCluster, hasAlone, choosesWorker }) {
  onlyKnown('fleet', fleet, NAMES);
  for (const [name, { accepts, allowed }] of Object.entries(PLAIN)) {
    if (fleet[name] !== undefined && !accepts(fleet[name])) throw wrong(`fleet.${name}`, fleet[name], allowed);
  }
  const servers = serversOf(fleet);
  const { lease = 15_000, onLost = 'stop', start = 'wait' } = fleet;
  const { alone = hasAlone ? 'fleet' : 'host', randomWorker = choosesWorker ? 'fleet' : 'host' } = fleet;
  if (alone === 'fleet' && !hasAlone) {
    const remedy = 'Set `alone` to its script, or leave `fleet.alone` out.';
    throw invalid('fleet.alone', alone, "'host' where the cluster has no alone", remedy);
  }
  if (randomWorker === 'fleet' && !choosesWorker) {
    const remedy = 'Leave one of the two out.';
    throw invalid('fleet.randomWorker', randomWorker, "'host' with `randomWorker: false`", remedy);
  }
  return {
    servers: servers.map(withoutUserInfo),
    name: fleet.name ?? ofCluster,
    host: fleet.host ?? os.hostname(),
    tls: fleet.tls === undefined ? undefined : tlsOf(fleet.tls, cwd),
    credentials: credentialsOf(fleet, servers, cwd),
    alone,
    randomWorker,
    lease,
    onLost,
    start,
  };
}

/** What the engine is told (openFleet in lib/native/fleet-engine.js). All that is secret goes there, and nowhere else. */
function toEngine({ start: _start, ...settings }) {
  return settings;
}

/** What the master is told (FleetConfig in crates/master/src/fleet.rs), beside the descriptors. */
function toMaster({ host, lease, onLost, alone, randomWorker, start }) {
  return { host, lease, onLost, alone, randomWorker, start };
}

function serversOf({ url, servers }) {
  if (url === undefined && servers === undefined) {
    throw faulty(`\`fleet\` has neither \`url\` nor \`servers\`. Set \`fleet.url\` to ${SERVER}.`);
  }
  if (url !== undefined && servers !== undefined) {
    throw faulty('`fleet` has both `url` and `servers`. Leave one out.');
  }
  if (url !== undefined) return [serverOf(url, 'fleet.url')];
  if (!Array.isArray(servers) || servers.length === 0) {
    const seen = Array.isArray(servers) ? 'an empty array' : kindOf(servers);
    throw refused(
      'fleet.servers',
      seen,
      'an array of the URLs of NATS servers',
      'Give each server as a text of its own.',
    );
  }
  return servers.map((server, index) => serverOf(server, `fleet.servers[${index}]`));
}

function serverOf(text, field) {
  if (isString(text) && isServer(text)) return text;
  const remedy = 'User and password go into `fleet.credentials`, several servers into `fleet.servers`.';
  throw refused(field, typeof text === 'string' ? shown(withoutSecrets(text)) : kindOf(text), SERVER, remedy);
}

function isServer(text) {
  // URL leaves it out: what was checked would not be what is used.
  if (/\s/.test(text)) return false;
  let url;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  // Of such schemes URL takes nearly anything as a host's name: a comma, which separates servers elsewhere.
  const isHost = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname);
  return SCHEMES.includes(url.protocol) && isHost && ['', '/'].includes(url.pathname) && url.search + url.hash === '';
}

function tlsOf(tls, cwd) {
  if (!isObject(tls)) throw refused('fleet.tls', kindOf(tls), '{ ca, cert, key }, each the path of a file', AS_ELSE);
  onlyKnown('fleet.tls', tls, TLS_FILES);
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.key === undefined ? ['cert', 'key'] : ['key', 'cert'];
    throw faulty(`\`fleet.tls\` has \`${there}\`, but no \`${missing}\`. Set both, or leave both out.`);
  }
  const given = TLS_FILES.filter((name) => tls[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, fileOf(tls[name], `fleet.tls.${name}`, cwd)]));
}

function credentialsOf({ credentials }, servers, cwd) {
  const inUrls = [...new Set(servers.map(userInfoOf))].filter((info) => info !== '');
  if (credentials === undefined) return inUrls.length === 0 ? undefined : credentialsInUrl(inUrls);
  if (!isObject(credentials)) throw refused('fleet.credentials', kindOf(credentials), FORMS_IN_WORDS, AS_ELSE);
  onlyKnown('fleet.credentials', credentials, FORMS.flat());
  const names = FORMS.flat().filter((name) => credentials[name] !== undefined);
  if (!FORMS.some((form) => form.join() === names.join())) {
    const seen = names.length === 0 ? 'one where each is undefined' : `{ ${names.join(', ')} }`;
    const remedy = 'Give one of these forms. A variable of the environment may be missing.';
    throw refused('fleet.credentials', seen, FORMS_IN_WORDS, remedy);
  }
  if (inUrls.length > 0) {
    throw faulty('`fleet` has credentials in a URL and in `credentials`. Leave them out of the URL.');
  }
  if (credentials.file !== undefined) return { file: fileOf(credentials.file, 'fleet.credentials.file', cwd) };
  for (const name of names) {
    if (isString(credentials[name])) continue;
    throw refused(`fleet.credentials.${name}`, kindOf(credentials[name]), 'a non-empty string', AS_ELSE);
  }
  return Object.fromEntries(names.map((name) => [name, credentials[name]]));
}

/** What stands before the '@'. */
function userInfoOf(server) {
  return /^[^/]*\/\/(?:(.*)@)?/.exec(server)[1] ?? '';
}

function withoutUserInfo(server) {
  return server.replace(/\/\/.*@/, '//');
}

/** As other clients of NATS have it: a user alone is a token. The client of the engine does not look into URLs. */
function credentialsInUrl([info, ...others]) {
  if (others.length > 0)
    throw faulty(
      '`fleet.servers` has different credentials in its URLs. Give them the same, or use `fleet.credentials`.',
    );
  const [user, ...password] = info.split(':');
  try {
    const [first, second] = [user, password.join(':')].map(decodeURIComponent);
    return password.length === 0 ? { token: first } : { user: first, password: second };
  } catch {
    throw faulty('`fleet` has credentials in a URL with a % that is no escape. Write %25, or use `fleet.credentials`.');
  }
}

/** The absolute path of a file that this user can read. */
function fileOf(file, field, cwd) {
  const allowed = 'the path of a file that this user can read';
  if (!isString(file)) throw refused(field, kindOf(file), allowed, AS_ELSE);
  const found = path.resolve(cwd, file);
  try {
    fs.accessSync(found, fs.constants.R_OK);
    if (fs.statSync(found).isFile()) return found;
  } catch ({ message }) {
    throw invalid(field, file, allowed, `${message}; relative paths are resolved from \`cwd\`.`);
  }
  throw invalid(field, file, allowed, `${found} is not a file.`);
}

const AS_ELSE = 'Correct it, or leave it out.';

function wrong(field, value, allowed) {
  return invalid(field, value, allowed, `Correct it, or leave \`${field}\` out for its default.`);
}

/** An unknown name is an error: with `credential` for `credentials` a host would connect as nobody. */
function onlyKnown(field, value, names) {
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const near = require('./nearest').nearest(unknown, names);
  const hint = near ? `Did you mean \`${field}.${near}\`?` : `It may have: ${names.join(', ')}.`;
  throw faulty(`\`${field}.${unknown}\` is not a field. ${hint}`);
}

function faulty(message) {
  return new ClusterError('ERR_CONFIG_INVALID', `cluster config: ${message}`);
}

/** A URL, be it a wrong one, without user, password and what follows a '?'. What follows a ':' may be a password where the '@' is missing. */
function withoutSecrets(url) {
  const withoutUser = url.replace(/^([\w+.-]*:\/\/)?.*@/s, '$1').replace(/[?#].*$/s, '');
  return withoutUser.replace(/(?<!\[[\da-f:]*):(?!\/\/|\d{1,5}(?:[,/]|$)).*$/is, ':…');
}

module.exports = { settledFleet, toEngine, toMaster };
