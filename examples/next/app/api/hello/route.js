import { connection } from 'next/server';

export async function GET(request) {
  await connection();
  return Response.json({ hello: request.nextUrl.searchParams.get('name') ?? 'world', pid: process.pid });
}
