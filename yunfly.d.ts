// The package, as what stands for yunfly's own.

import { YunflyFace } from './lib/types/yunfly';

declare const yunfly: YunflyFace;
export = yunfly;
