// The package, as what stands for yunfly's own.

import yunfly, * as types from './lib/types/yunfly';

declare const whole: typeof yunfly;
declare namespace whole {
  type YunflyOptions = types.YunflyOptions;
  type YunflyMaster = types.YunflyMaster;
  type YunflyClient = types.YunflyClient;
}
export = whole;
