/** Where a worker's server listens, as in `node:cluster`. */
export interface Address {
  /** 4: IPv4, 6: IPv6, -1: a unix socket, 'udp4' or 'udp6'. */
  addressType: 4 | 6 | -1 | 'udp4' | 'udp6';
  /** Absent or null: every address. For a unix socket its path. */
  address?: string | null;
  /** The port; -1 for a unix socket. */
  port: number;
  /** Set if the server listens on a file descriptor. */
  fd?: number;
}
