// The package, as what stands for yunfly's own.

import yunfly from './lib/types/yunfly';

declare const whole: typeof yunfly;
export = whole;
