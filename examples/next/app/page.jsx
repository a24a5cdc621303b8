// Rendered for each request.

export default async function Home({ searchParams }) {
  const { name = 'world' } = await searchParams;
  return <p>{`hello ${name} from ${process.pid}`}</p>;
}
