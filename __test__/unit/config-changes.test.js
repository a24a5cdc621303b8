'use strict';

const { ClusterError } = require('../../lib/errors');
const { checkCount, checkReload } = require('../../lib/config/changes');

function refusal(check, value) {
  try {
    check(value);
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

describe('reload()', () => {
  test.each([
    [{}],
    [{ env: undefined, exec: undefined, args: undefined, target: undefined, concurrency: undefined }],
    [{ env: { A: 1, B: undefined }, exec: './next.js', args: ['a'], target: 'all', concurrency: 2 }],
    [{ target: 'alone' }],
  ])('takes %j', (options) => {
    expect(() => checkReload(options)).not.toThrow();
  });

  test.each([
    ['env', [5, [], { A: {} }, { 'A=B': '1' }]],
    ['exec', ['', 5, null]],
    ['args', ['one two', [1]]],
    ['target', ['workers', null, '']],
    ['concurrency', [0, -1, 1.5, '2', NaN, null]],
  ])('a wrong `%s` is refused: option, value and what is allowed are named', (option, values) => {
    for (const value of values) {
      const error = refusal(checkReload, { [option]: value });
      expect(error).toBeInstanceOf(ClusterError);
      expect(error.code).toBe('ERR_RELOAD_INVALID');
      expect(error.message).toMatch(
        new RegExp(`^reload\\(\\): \`${option}\` must be .+, but is .+\\. Correct it, or leave it out\\.$`, 's'),
      );
    }
  });

  test('the values of variables are not shown: they may be secrets', () => {
    const { message } = refusal(checkReload, { env: { PASSWORD: 'secret', FEATURE: null } });
    expect(message).toContain('but is one in which `FEATURE` is null.');
    expect(message).not.toContain('secret');
  });

  test.each(['count', 'toString', 'graceful'])('`%s` is not an option: those that are are named', (name) => {
    const { code, message } = refusal(checkReload, { [name]: 1 });
    expect(code).toBe('ERR_RELOAD_INVALID');
    expect(message).toBe(
      `reload(): \`${name}\` is not an option. The options are: env, exec, args, target, concurrency.`,
    );
  });

  test.each([[null], ['worker'], [7]])('options that are no object: %j', (options) => {
    const { code, message } = refusal(checkReload, options);
    expect(code).toBe('ERR_RELOAD_INVALID');
    expect(message).toContain('must be an object');
  });
});

describe('scale()', () => {
  test.each([1, 7, 1000])('takes %d', (count) => {
    expect(() => checkCount(count)).not.toThrow();
  });

  test.each([[0], [-1], [1.5], ['4'], [NaN], [1001], [1e9], [undefined], [null], ['auto']])('refuses %p', (count) => {
    const error = refusal(checkCount, count);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.code).toBe('ERR_SCALE_INVALID');
    expect(error.message).toContain('an integer from 1 to 1000');
  });
});
