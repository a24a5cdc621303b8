// Reads the settings once, in the alone process; the workers ask for them.

import { onRequest } from '@yunflyjs/cluster-native';
import type { Settings } from '../messages.ts';

async function readSettings(): Promise<Settings> {
  return { greeting: process.env.GREETING ?? 'hello' };
}

const settings = await readSettings();

export default function answerSettings(): void {
  onRequest('settings', () => settings);
}
