'use strict';

const e2e = {
  testEnvironment: 'node',
  roots: ['<rootDir>/__test__'],
  setupFilesAfterEnv: ['<rootDir>/__test__/e2e/support/setup.js'],
};

module.exports = {
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/closing-line.js'],
  projects: [
    {
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
      // What touches the operating system, once more on the path that macOS takes.
      ...e2e,
      displayName: 'e2e portable',
      globals: { PORTABLE: true },
      testMatch: [
        'app-death',
        'balance',
        'development',
        'development-crash',
        'development-requests',
        'development-watch',
        'dgram',
        'handshakes',
        'listen-kinds',
        'no-loss',
        'port-by-number',
        'ports',
        'reload',
        'reload-asked',
        'reload-failures',
        'scale',
        'sd-notify',
        'servers',
        'shutdown',
        'signals',
        'startup',
        'start-failure',
        'standby',
        'sticky',
        'supervision',
        'systemd',
        'tls-sessions',
        'unix-sockets',
      ].map((subject) => `<rootDir>/__test__/e2e/${subject}.test.js`),
    },
  ],
};
