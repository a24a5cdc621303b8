'use strict';

const fs = require('node:fs');
const path = require('node:path');
const YAML = require('yaml');
const { scripts } = require('../../package.json');

const root = path.join(__dirname, '../..');
const folder = path.join(root, '.github/workflows');
const workflows = fs.readdirSync(folder).map((file) => {
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  return { file, text, ...YAML.parse(text) };
});

const steps = ({ jobs }) => Object.values(jobs).flatMap((job) => job.steps);
const commands = (workflow) => steps(workflow).flatMap(({ run }) => run ?? []);

test('they were read', () => {
  expect(workflows.map(({ file }) => file)).toEqual(['ci.yml', 'release.yml']);
});

/** What a manifest of cargo says of the oldest Rust. */
const oldestRust = (manifest) => /^rust-version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, manifest), 'utf8'))[1];

test('CI tries the oldest Rust', () => {
  const [ci] = workflows;
  const ran = ci.jobs['oldest-rust'].steps.flatMap(({ run, 'working-directory': folder }) =>
    run?.startsWith('cargo') ? { run, folder } : [],
  );
  expect(ran).toEqual([
    { run: `cargo +${oldestRust('Cargo.toml')} test --locked --workspace` },
    { run: `cargo +${oldestRust('engines/nats/Cargo.toml')} build --locked`, folder: 'engines/nats' },
  ]);
});

test('an action has one commit and one version', () => {
  const pins = workflows.flatMap(({ text }) => [...text.matchAll(/uses: (\S+@\S+ # \S+)/g)].map(([, pin]) => pin));
  const actions = [...new Set(pins)].map((pin) => pin.split('@')[0]);
  expect(actions).toEqual([...new Set(actions)]);
});

describe.each(workflows)('$file', (workflow) => {
  test('each action is pinned to a commit, with its version as the comment', () => {
    const uses = workflow.text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses).toHaveLength(steps(workflow).filter((step) => step.uses).length);
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('each npm script and file that it runs exists', () => {
    const lines = commands(workflow).join('\n');
    const named = [...lines.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/g)];
    for (const [, ran, short] of named) expect(Object.keys(scripts)).toContain(ran ?? short);
    for (const [file] of lines.matchAll(/\.github\/[\w./-]+/g)) expect(fs.existsSync(path.join(root, file))).toBe(true);
  });

  test('a job may do no more than read, has a limit of time, and needs jobs that there are', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const [name, job] of Object.entries(workflow.jobs)) {
      expect({ name, limit: job['timeout-minutes'] }).toEqual({ name, limit: expect.any(Number) });
      for (const needed of [job.needs ?? []].flat()) expect(Object.keys(workflow.jobs)).toContain(needed);
    }
  });

  test('it says that it was not run', () => {
    expect(workflow.text).toContain('NOT RUN YET');
  });
});
