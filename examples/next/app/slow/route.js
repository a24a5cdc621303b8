import { setTimeout as pause } from 'node:timers/promises';
import { after, connection } from 'next/server';

export async function GET() {
  await connection();
  console.log(`${process.pid} works`);
  after(async () => {
    await pause(500);
    console.log(`${process.pid} has done the rest`);
  });
  await pause(1000);
  return Response.json({ hello: 'at last', pid: process.pid });
}
