// What can be sent along with a message.

import { Socket as DatagramSocket } from 'dgram';
import { Server, Socket } from 'net';

/** A handle to send with a message (Node's `SendHandle`): a connection, a listening server or a bound datagram socket, or the
 *  native handle of one, for which Node has no public type. */
export type Handle = Socket | Server | DatagramSocket | object;

/** Options of `send()`, as in Node. */
export interface SendOptions {
  /** Whether the sender keeps its `net.Socket` open. `false`: it is detached and closed, and the receiver owns the connection.
   *  Default: `false`. Servers and datagram sockets always stay open until the sender closes them. */
  keepOpen?: boolean;
}
