'use strict';
// The package says its version in two places: package.json, and Cargo.toml, whose version the native binding tells (`/metrics`, `/stats`).

const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../../package.json');

test('package.json and Cargo.toml have the same version', () => {
  const cargo = fs.readFileSync(path.join(__dirname, '../../Cargo.toml'), 'utf8');
  const [, section] = /^\[workspace\.package\]\n((?:(?!\[).*\n)*)/m.exec(cargo);
  expect(/^version = "(.+)"$/m.exec(section)[1]).toBe(version);
});
