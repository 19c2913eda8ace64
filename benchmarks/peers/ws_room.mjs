// A room on Node's ws, in memory: what a tab sends goes to every open tab, as ws's own broadcast example has it.
import { WebSocket, WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 1024 });

server.on('connection', (tab) => {
  tab.on('error', () => tab.terminate());
  tab.on('message', (text) => {
    for (const other of server.clients) {
      if (other.readyState === WebSocket.OPEN) {
        other.send(text, { binary: false });
      }
    }
  });
});
