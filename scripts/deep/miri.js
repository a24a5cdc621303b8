'use strict';
// `npm run test:miri [-- filter]`: the unit tests of protocol and core under Miri, which finds undefined behaviour. It is slow:
// random tests run a few cases only. Needs a nightly toolchain with Miri (`rustup +nightly component add miri`).

const { run } = require('../prepare');

/** What takes Miri minutes for its sheer size, and nothing of it is about memory. */
const SKIPPED = [
  'histories',
  'properties',
  'no_connection_is_lost_or_served_twice',
  'of_a_child_that_asks_without_end',
  'is_bounded_and_gives_back',
  'one_message_always_fits',
];

run(
  'cargo',
  [
    '+nightly',
    'miri',
    'test',
    '-p',
    'cluster-protocol',
    '-p',
    'cluster-core',
    '--lib',
    '--',
    ...process.argv.slice(2),
    ...SKIPPED.flatMap((name) => ['--skip', name]),
  ],
  { env: { ...process.env, MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '4' } },
);
