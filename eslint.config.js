'use strict';

const js = require('@eslint/js');
const globals = require('globals');

module.exports = [
  {
    ignores: [
      'lib/bundle/',
      'native.js',
      'target/',
      'coverage/',
      '.node-matrix/',
      'docs/.vitepress/cache/',
      'docs/.vitepress/dist/',
      'examples/typescript/build/',
      'examples/next/.next/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'commonjs', globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global'],
    },
  },
  {
    // Each becomes a function in one script of a browser (scripts/page.js).
    files: ['page/*.js'],
    languageOptions: { globals: { ...globals.browser, require: 'readonly', module: 'readonly' } },
  },
  {
    // Parts of it run in a browser.
    files: ['scripts/page-check.js', 'scripts/docs/page.js'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['**/*.mjs', 'examples/next/app/**/*.js', '__test__/fixtures/esm-imports/*.js'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: globals.node },
  },
  {
    files: ['__test__/**/*.test.js', '__test__/e2e/support/{setup,shared}.js'],
    languageOptions: { globals: globals.jest },
  },
];
