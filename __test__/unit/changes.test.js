'use strict';
// reload() and scale() when the master does not answer as it should: every promise settles.

const { Changes } = require('../../lib/cluster/changes');
const { normalize } = require('../../lib/config');

const settings = normalize({ exec: __filename, mode: 'production', count: 1 });
const over = Object.assign(new Error('over'), { code: 'ERR_MASTER_FAILED' });

let asked;
let changes;

beforeEach(() => {
  asked = [];
  const master = { scale: (id) => asked.push(id), reload: (id) => asked.push(id) };
  changes = new Changes(master, settings);
});

const reloaded = (fields) => changes.reloaded({ id: asked.at(-1), replaced: [], ...fields });

test('the master fails: what was asked of it, and what was to follow, rejects', async () => {
  const promises = [changes.scale(2), changes.reload(), changes.reload({ env: { A: '1' } }), changes.reload()];
  expect(asked).toHaveLength(2);
  changes.close(over);
  await expect(Promise.allSettled(promises)).resolves.toEqual(Array(4).fill({ status: 'rejected', reason: over }));
});

test('the cluster is closed during a reload: those that were to follow reject', async () => {
  const [first, second] = [changes.reload(), changes.reload()];
  reloaded({ ok: false, reason: 'closed' });
  await expect(first).resolves.toMatchObject({
    ok: false,
    reason: 'closed',
    error: { code: 'ERR_RELOAD_FAILED', message: 'reload(): the cluster was closed.' },
  });
  reloaded({ ok: false, reason: 'not-running' });
  await expect(second).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
});

test('a reload that cannot be asked for does not stand in the way of the next one', async () => {
  const refusing = {
    reload: () => {
      throw new Error('no');
    },
  };
  changes = new Changes(refusing, settings);
  await expect(changes.reload()).rejects.toMatchObject({ code: 'ERR_RELOAD_INVALID' });
  refusing.reload = (id) => asked.push(id);
  const next = changes.reload();
  reloaded({ ok: true });
  await expect(next).resolves.toMatchObject({ ok: true });
});

test('nor does one that had to wait for another than ours', async () => {
  const master = { reload: (id) => asked.push(id) };
  changes = new Changes(master, settings);
  const [first, second] = [changes.reload(), changes.reload()];
  reloaded({ ok: false, reason: 'under-way' });
  master.reload = (id) => {
    master.reload = (later) => asked.push(later);
    throw new Error(`no ${id}`);
  };
  changes.reloaded({ id: undefined, ok: true, replaced: [] });
  await expect(first).rejects.toMatchObject({ code: 'ERR_RELOAD_INVALID' });
  reloaded({ ok: true });
  await expect(second).resolves.toMatchObject({ ok: true });
});

test('scale: each has the answer to its own number', async () => {
  const [one, two] = [changes.scale(2), changes.scale(3)];
  changes.notScaled({ id: asked[0], code: 'ERR_SCALE_SUPERSEDED', message: 'scale(3) was called' });
  changes.scaled({ id: asked[1] });
  await expect(one).rejects.toMatchObject({
    name: 'ClusterError',
    code: 'ERR_SCALE_SUPERSEDED',
    message: 'scale(): scale(3) was called',
  });
  await expect(two).resolves.toBeUndefined();
});

test('reloads: one at a time; what follows is launched on what holds then, with the options of all that asked', async () => {
  const launched = [];
  changes = new Changes(
    {
      reload: (id, launch, target) => {
        asked.push(id);
        launched.push({ env: JSON.parse(launch).env, target });
      },
    },
    settings,
  );
  const [first, second] = [changes.reload({ env: { A: '1' } }), changes.reload({ env: { B: '2' } })];
  const third = changes.reload({ env: { B: '3', C: '4' } });
  expect(asked).toHaveLength(1);
  // A change of a file, in development.
  changes.reloaded({ ok: true, replaced: [] });
  expect(asked).toHaveLength(1);
  reloaded({ ok: false, reason: 'did-not-stay' });
  expect(asked).toHaveLength(2);
  expect(launched[1].env).toEqual(expect.arrayContaining(['B=3', 'C=4']));
  expect(launched[1].env).not.toContain('A=1');
  reloaded({ ok: true });
  await expect(Promise.all([first, second, third])).resolves.toMatchObject([{ ok: false }, { ok: true }, { ok: true }]);
});
