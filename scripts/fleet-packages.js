'use strict';
// `node scripts/fleet-packages.js <folder>`: what a release publishes of the fleet's engine. Makes in <folder>/npm a package for each
// platform, still without its binding: `napi artifacts` and `napi prepublish` do the rest there, as for the bindings of the package itself.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { optionalPackage } = require('../lib/native/fleet-engine');
const { bugs, engines, homepage, license, name, napi, repository, version } = require('../package.json');

const root = path.join(__dirname, '..');

/** napi makes the packages of this one, which is never published itself. */
const manifest = {
  name: `${name}-fleet`,
  version,
  description: `The engine of \`fleet\`, for ${name} ${version}.`,
  homepage,
  bugs,
  repository,
  license,
  engines,
  napi: { ...napi, binaryName: `${napi.binaryName}-fleet` },
};

const readme = (target) => `# ${optionalPackage(target)}

The engine of \`fleet\` on ${target}, for [${name}](${homepage}). It is installed beside that package, in the same version, and
named under \`optionalDependencies\`, so that it is left out on other platforms.
`;

/** @returns the folder of each package. */
function fleetPackages(folder) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  execFileSync('npx', ['napi', 'create-npm-dirs', '--cwd', path.resolve(folder)], { cwd: root, stdio: 'pipe' });
  const targets = fs.readdirSync(path.join(folder, 'npm'));
  return targets.map((target) => {
    const place = path.join(folder, 'npm', target);
    fs.writeFileSync(path.join(place, 'README.md'), readme(target));
    fs.copyFileSync(path.join(root, 'LICENSE'), path.join(place, 'LICENSE'));
    return place;
  });
}

if (require.main === module) {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error('into which folder?');
  fleetPackages(folder);
}

module.exports = { fleetPackages };
