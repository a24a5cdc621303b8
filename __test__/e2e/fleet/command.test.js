'use strict';
// `cluster-native fleet`, on one host of two: what it shows, and what it tells either of them.

const { ask, askJson } = require('../support/control');
const { until } = require('../support/until');
const { host, isAlive, isHigher, nextAlone, startServer, stopServers, suite } = require('../support/fleet');

suite('the command of a fleet', () => {
  afterEach(stopServers);

  let server;
  beforeEach(async () => {
    server = await startServer();
  });

  /** Two hosts that know of each other: who has the alone comes first. */
  async function two() {
    const apps = [host('a', server), host('b', server)];
    const { app: holder, alone } = await nextAlone(...apps);
    await Promise.all(apps.map((app) => app.event('started')));
    await Promise.all(apps.map((app) => app.event('hostJoin')));
    return { holder, other: apps.find((app) => app !== holder), alone };
  }

  const on = (app, ...args) => ask('fleet', ...args, '--pid', app.pid);
  const jsonOn = (app, ...args) => askJson('fleet', ...args, '--pid', app.pid);

  test('ls and alone, on either host', async () => {
    const { holder, other, alone } = await two();
    for (const app of [holder, other]) {
      const listed = await jsonOn(app, 'ls');
      expect(listed.map(({ host: name, self }) => [name, self])).toEqual([
        ['a', app.host === 'a'],
        ['b', app.host === 'b'],
      ]);
      for (const { host: name, has, workers, draining } of listed) {
        expect({ has: has.includes('alone'), workers, draining }).toEqual({
          has: name === holder.host,
          workers: 1,
          draining: false,
        });
      }
      const { code, stdout } = await on(app, 'ls');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`│ ${app.host} \\(here\\) +│ ready +│`));
    }
    expect(await jsonOn(holder, 'alone')).toMatchObject({ host: holder.host, ready: true, token: alone.fence.token });
    expect(await on(other, 'alone')).toEqual({ code: 0, stdout: `${holder.host}\n`, stderr: '' });
  });

  test('move: the alone of another host comes here, and goes back', async () => {
    const { holder, other, alone } = await two();
    expect(await jsonOn(other, 'move', other.host)).toEqual({ from: holder.host, to: other.host });
    const moved = await other.report('alone');
    expect(isAlive(alone.pid)).toBe(false);
    expect(isHigher(moved.fence.token, alone.fence.token)).toBe(true);
    expect(await on(other, 'move', other.host)).toMatchObject({
      code: 0,
      stdout: `${other.host} has the alone already\n`,
    });
    const { code, stdout } = await on(other, 'move');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(`^the alone moved from ${other.host} to ${holder.host} in `),
    });
    expect(isAlive(moved.pid)).toBe(false);
  });

  test('drain and resume another host: it gives the alone away, and takes it again only then', async () => {
    const { holder, other, alone } = await two();
    expect(await jsonOn(other, 'drain', holder.host)).toEqual({ host: holder.host, draining: true });
    expect(isAlive(alone.pid)).toBe(false);
    expect((await holder.call('stats')).fleet.draining).toBe(true);
    const listed = await jsonOn(other, 'ls');
    expect(listed.find(({ self }) => !self)).toMatchObject({ host: holder.host, draining: true, has: [] });
    expect(await on(other, 'resume', holder.host)).toMatchObject({
      code: 0,
      stdout: `${holder.host} may have the alone and the random worker again\n`,
    });
    await other.report('alone');
    expect(await jsonOn(other, 'move', holder.host)).toEqual({ from: other.host, to: holder.host });
  });

  test('drain without a name is the own host', async () => {
    const { holder, other } = await two();
    expect(await jsonOn(holder, 'drain')).toEqual({ host: holder.host, draining: true });
    await other.report('alone');
    expect(await jsonOn(holder, 'resume')).toEqual({ host: holder.host, draining: false });
  });

  test('a host that is not there, servers that are away', async () => {
    const { other } = await two();
    for (const action of ['move', 'drain', 'resume']) {
      expect(await on(other, action, 'c')).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining("The fleet has no host 'c'. There are: "),
      });
    }
    await server.stop();
    await until(async () => !(await other.call('stats')).fleet.connected);
    expect(await on(other, 'drain', other.host === 'a' ? 'b' : 'a')).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('The servers of the fleet cannot be reached. Give the order on that host.'),
    });
    expect(await jsonOn(other, 'ls')).toContainEqual(expect.objectContaining({ host: other.host, self: true }));
  });
});
