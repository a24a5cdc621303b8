'use strict';
// A worker: a chat with rooms.

const http = require('node:http');
const { createAdapter } = require('@socket.io/cluster-adapter');
const { Server } = require('socket.io');

const server = http.createServer();
const io = new Server(server, { adapter: createAdapter() });

io.on('connection', (socket) => {
  socket.on('join', async (room, joined) => {
    await socket.join(room);
    joined(process.pid);
  });
  // Whoever is in the room, at whichever worker.
  socket.on('say', (room, text) => io.to(room).emit('said', text));
});

// Clients of a worker that ends are disconnected at once, and connect again, to another worker.
process.on('yunfly:drain', ({ waitUntil }) => waitUntil(io.close()));

server.listen(process.env.PORT ?? 3000);
