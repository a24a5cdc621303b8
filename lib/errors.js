'use strict';

/** What this package throws. `code` is stable, the message is not. */
class ClusterError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
Object.defineProperty(ClusterError.prototype, 'name', { value: 'ClusterError', configurable: true, writable: true });

/** So many characters of each of an error's texts cross processes: it is not to be larger than a message may be. */
const LONGEST_TEXT = 16 * 1024;

/** Anything can be thrown, a proxy or a getter that throws as well; this is what of it can be sent. It never throws. `most`:
 *  characters of each text; the middle of a longer one is left out, since the end of a stack says as much as its beginning. */
function describeError(thrown, most = LONGEST_TEXT) {
  const [name, message, stack, code] = ['name', 'message', 'stack', 'code'].map((field) => read(thrown, field));
  if (typeof thrown !== 'object' || typeof message !== 'string') {
    const text = cut(inspected(thrown), most);
    return { name: 'Error', message: text, stack: `Error: ${text}` };
  }
  const kind = typeof name === 'string' ? name : 'Error';
  return {
    name: cut(kind, most),
    message: cut(message, most),
    stack: cut(typeof stack === 'string' ? stack : `${kind}: ${message}`, most),
    ...(typeof code === 'number' && { code }),
    ...(typeof code === 'string' && { code: cut(code, most) }),
  };
}

function read(thrown, field) {
  try {
    return thrown?.[field];
  } catch {
    return undefined;
  }
}

/** As a text, for people. It never throws. */
function inspected(value) {
  try {
    return require('util').inspect(value);
  } catch {
    return 'a value that cannot be shown';
  }
}

function cut(text, most) {
  if (text.length <= most) return text;
  const half = most / 2;
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** An error of another process, from what describeError() told of it there. */
function reviveError({ name, message, stack, code }) {
  const error = new Error(message);
  Object.defineProperties(error, {
    name: { value: name, configurable: true, writable: true },
    stack: { value: stack, configurable: true, writable: true },
  });
  if (code !== undefined) error.code = code;
  return error;
}

module.exports = { ClusterError, describeError, reviveError, inspected };
