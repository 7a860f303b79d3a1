import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";

/** Answers GET requests without conditions: a bridge that does more costs more than what it leads to. */
export async function serve(handler: (request: Request) => Promise<Response>): Promise<Server> {
  const server = createServer((message, reply) => {
    handler(new Request(`http://${message.headers.host}${message.url}`))
      .then((response) => send(response, reply))
      // To the client a response that breaks off is a wrong one, and is counted.
      .catch(() => reply.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function send(response: Response, reply: ServerResponse): Promise<void> {
  reply.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body !== null) {
    for await (const part of response.body) if (!reply.write(part)) await once(reply, "drain");
  }
  reply.end();
}
