'use strict';
// `npm run chaos`: under constant load something bad happens to the cluster every 500 ms, for CHAOS_SECONDS (60); in the
// first half of it a route crashes besides, 2.5 times a second. Then it tells what became of the requests, and exits with 1
// if something did that must not. Linux only (/proc).

const { conclude, table, rows, violations } = require('./report');
const { run } = require('./run');

const FAULT_EVERY_MS = 500;

async function main() {
  const result = await run({ seconds: Number(process.env.CHAOS_SECONDS ?? 60), faultEvery: FAULT_EVERY_MS });
  console.log(table(rows(result)));
  conclude(violations(result), result.logs);
}

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
