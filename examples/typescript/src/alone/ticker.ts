// Runs once, in the alone process, however many workers there are.

import { sendmessage } from '@yunflyjs/cluster-native';
import type { Tick } from '../messages.ts';

export default function ticker(): void {
  let count = 0;
  setInterval(() => {
    count += 1;
    const tick: Tick = { from: 'alone', to: 'worker', type: 'all', action: 'tick', data: count };
    sendmessage(process, tick);
  }, 1000);
}
