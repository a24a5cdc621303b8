// The types of index.mjs: those of index.js, and all of them as the default export.

import { YunflyFace } from './index.js';

export * from './index.js';
declare const cluster: YunflyFace;
export default cluster;
