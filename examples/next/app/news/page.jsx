// Rendered by `next build`, and again when somebody publishes.

export default function News() {
  return <p>{`news of ${new Date().toISOString()}`}</p>;
}
