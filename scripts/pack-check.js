'use strict';
// `npm run test:pack`: what users get, without Rust on PATH. Packs the package, installs the tarball into empty projects,
// and runs a cluster there; then the same with the binding in a package of its own, and with no binding at all. The fleet's engine is
// installed beside it, as a user of `fleet` does.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fleetPackage, pack, platformPackage, withoutBinding } = require('./pack/tarballs');
const { ALIAS, PACKAGE, contains, managers, project, run, works } = require('./pack/projects');
const { withoutRust } = require('./pack/rust');

function checkManagers(folder, env, tarball, fleet) {
  for (const [name, install] of Object.entries(managers)) {
    const cwd = project(folder, name);
    run(install(tarball, `${ALIAS}@file:${tarball}`, ...(fleet ? [fleet.tarball] : [])), { cwd, env });
    works(cwd, env, { isAliased: true, hasFleet: Boolean(fleet) });
    console.log(`${name}: installed without Rust; require, import, the command and an alias work`);
  }
}

/** As published by a release: the binding comes by an optional dependency, and the install step finds it. */
function checkPlatformPackage(folder, env, tarball) {
  const platform = platformPackage(folder);
  const published = withoutBinding(tarball, folder, 'published', { [platform.name]: `file:${platform.tarball}` });
  const cwd = project(folder, 'per-platform');
  run(managers.yarn(published), { cwd, env });
  works(cwd, env);
  console.log(`${platform.name}: found as an optional dependency`);
}

function checkNoBinding(folder, env, tarball) {
  const bare = withoutBinding(tarball, folder, 'bare');
  const cwd = project(folder, 'no-binding');
  const told = run(managers.yarn(bare), { cwd, env, fails: true });
  contains(
    told,
    'no prebuilt binding loads on',
    'cargo, which would build one, was not found on PATH',
    'https://rustup.rs',
  );
  run([...managers.yarn(bare), '--ignore-scripts'], { cwd, env });
  const thrown = run([process.execPath, 'app.js'], { cwd, env, fails: true });
  contains(thrown, "code: 'ERR_NATIVE_MISSING'", 'Looked for:', path.join(PACKAGE, 'lib/native/install.js'));
  console.log('no binding and no Rust: the install fails and says why; so does require after --ignore-scripts');
}

// yarn 1, where the install step must run: npm 12 runs none of a dependency that the project didn't allow it.
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-pack-')));
try {
  const env = withoutRust(folder);
  const tarball = pack(folder);
  const fleet = fleetPackage(folder);
  checkManagers(folder, env, tarball, fleet);
  console.log(
    fleet ? `${fleet.name}: found by each` : "NOT RUN: the fleet's engine. It was not built: npm run build:fleet",
  );
  checkPlatformPackage(folder, env, tarball);
  checkNoBinding(folder, env, tarball);
} finally {
  fs.rmSync(folder, { recursive: true });
}
