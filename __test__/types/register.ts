import '@yunflyjs/cluster-native/register';
import { configure, RegisterOptions } from '@yunflyjs/cluster-native/register';

export const options: RegisterOptions = { balance: 'sticky', drain: true, hangTimeout: 30_000, maxMemory: '512M' };
configure(options);
configure({ killTimeout: 5000, hangTimeout: false, maxMemory: false });
// @ts-expect-error: there is no such balance.
configure({ balance: 'random' });
// @ts-expect-error: this is an option of startCluster.
configure({ count: 2 });
