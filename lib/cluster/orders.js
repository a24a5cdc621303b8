'use strict';

const { describeError } = require('../errors');

/** A reload that the control socket was told to do in another way than the last one: with another `env`, `exec` or `args`. */
async function carryOut(cluster, master, { number, options }) {
  let answer;
  let failed = true;
  try {
    const { ok, reason = null, replaced, error } = await cluster.reload(JSON.parse(options));
    failed = !ok;
    answer = { ok, reason, replaced, error: error ? told(error) : null };
  } catch (error) {
    answer = { error: told(error) };
  }
  master.ordered(number, failed, JSON.stringify(answer));
}

function told(error) {
  const { code, message } = describeError(error);
  return { code, message };
}

module.exports = { carryOut };
