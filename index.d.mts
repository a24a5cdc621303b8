// The types of index.mjs: those of index.js, and all of them as the default export.

import whole from './index.js';

export * from './index.js';
declare const cluster: typeof whole.default;
export default cluster;
