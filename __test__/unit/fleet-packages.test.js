'use strict';
// What a release publishes of the fleet's engine is what an app with `fleet` looks for.

const fs = require('node:fs');
const path = require('node:path');
const { bindingFile, optionalPackage } = require('../../lib/native/fleet-engine');
const { bindingTarget } = require('../../lib/native/missing');
const { fleetPackages } = require('../../scripts/fleet-packages');
const { napi, version } = require('../../package.json');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

test('each platform has a package with its binding, in the version of the package', () => {
  const places = fleetPackages(folder({}));
  expect(places).toHaveLength(napi.targets.length);
  const targets = places.map((place) => path.basename(place));
  expect(targets).toContain(bindingTarget());
  for (const [index, place] of places.entries()) {
    const target = targets[index];
    const [platform, arch, libc] = target.split('-');
    const made = JSON.parse(fs.readFileSync(path.join(place, 'package.json'), 'utf8'));
    expect(made).toMatchObject({
      name: optionalPackage(target),
      version,
      main: bindingFile(target),
      files: [bindingFile(target)],
      os: [platform],
      cpu: [arch],
      ...(libc && { libc: [{ gnu: 'glibc', musl: 'musl' }[libc]] }),
      license: 'MIT',
    });
    expect(fs.readFileSync(path.join(place, 'README.md'), 'utf8')).toContain(optionalPackage(target));
    expect(fs.existsSync(path.join(place, 'LICENSE'))).toBe(true);
  }
});

test('the engine has the version of the package', () => {
  const manifest = fs.readFileSync(path.join(__dirname, '../../engines/nats/Cargo.toml'), 'utf8');
  expect(/^version = "(.+)"$/m.exec(manifest)[1]).toBe(version);
});
