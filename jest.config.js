'use strict';

/** Everything is written as Node runs it. */
const transform = {};

const e2e = {
  transform,
  testEnvironment: 'node',
  roots: ['<rootDir>/__test__'],
  setupFilesAfterEnv: ['<rootDir>/__test__/e2e/support/setup.js'],
};

module.exports = {
  // More than the two cores that CI has: most tests wait for processes half of their time.
  maxWorkers: 5,
  // Of the tests of a file that wait most of their time (e2e/support/at-once.js).
  maxConcurrency: 4,
  reporters: ['default', '<rootDir>/scripts/closing-line.js'],
  projects: [
    {
      transform,
      displayName: 'unit',
      testEnvironment: 'node',
      roots: ['<rootDir>/__test__'],
      testMatch: ['<rootDir>/__test__/unit/**/*.test.js'],
    },
    {
      ...e2e,
      displayName: 'e2e',
      testMatch: ['<rootDir>/__test__/e2e/**/*.test.js'],
    },
    {
      ...e2e,
      displayName: 'drop-in',
      testMatch: ['<rootDir>/__test__/drop-in/**/*.test.js'],
    },
    {
      // What the system does in another way on the path that macOS takes.
      ...e2e,
      displayName: 'e2e portable',
      globals: { PORTABLE: true },
      testMatch: ['<rootDir>/__test__/e2e/platform/*.test.js'],
    },
  ],
};
