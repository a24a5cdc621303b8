'use strict';

const { describeError } = require('../errors');

/** A reload that the control socket was told to do in another way than the last one: with another `env`, `exec` or `args`. */
async function carryOut(cluster, master, { number, options }) {
  let answer;
  let failed = true;
  try {
    const { ok, reason = null, replaced, error } = await cluster.reload(reloadOptions(options));
    failed = !ok;
    answer = { ok, reason, replaced, error: error ? told(error) : null };
  } catch (error) {
    answer = { error: told(error) };
  }
  master.ordered(number, failed, JSON.stringify(answer));
}

/** A variable that is null in JSON is to be removed (lib/control/client.js). */
function reloadOptions(text) {
  const options = JSON.parse(text);
  const env = options.env ?? {};
  for (const name of Object.keys(env)) env[name] ??= undefined;
  return options;
}

function told(error) {
  const { code, message } = describeError(error);
  return { code, message };
}

module.exports = { carryOut };
