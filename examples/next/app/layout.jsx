export const metadata = { title: 'A Next.js app in several processes' };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
