import { revalidatePath } from 'next/cache';

export function POST() {
  revalidatePath('/news');
  return Response.json({ published: '/news' });
}
