import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import type { MakeContender } from "../contenders.ts";
import { Flights } from "../flights.ts";

/**
 * The same single flight without any HTTP: what comes is taken for a GET, and ready-made bytes are written to the socket.
 *
 * It tells of requests and ends as an HTTP server would, so that the same clock is held beside it.
 */
export const makeBare: MakeContender = async (origin) => {
  const flights = new Flights(origin);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (request) => {
      const path = /^GET (\S+)/.exec(request.toString("latin1"))?.[1] ?? "";
      void answer(path, socket);
    });
    socket.on("error", () => socket.destroy());
  });

  async function answer(path: string, socket: Socket): Promise<void> {
    const response = { end: (last: string | Buffer) => socket.write(last) };
    server.emit("request", undefined, response);
    if (path.startsWith("/complete/")) {
      response.end(await message(flights.complete(path)));
      return;
    }
    const readers = await flights.streamed(path);
    socket.write(`${HEAD}content-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n`);
    readers.add({
      write: (part) => socket.write(chunkOf(part)),
      end: () => response.end("0\r\n\r\n"),
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server as unknown as Server;
};

const HEAD = "HTTP/1.1 200 OK\r\n";

/** Each part is framed once, whoever is sent it. */
const chunks = new WeakMap<Buffer, Buffer>();

function chunkOf(part: Buffer): Buffer {
  let chunk = chunks.get(part);
  if (chunk === undefined) {
    chunk = Buffer.concat([Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
    chunks.set(part, chunk);
  }
  return chunk;
}

const messages = new WeakMap<Promise<Buffer>, Promise<Buffer>>();

/** One for all who wait for the same content. */
function message(content: Promise<Buffer>): Promise<Buffer> {
  let made = messages.get(content);
  if (made === undefined) {
    made = content.then((body) => {
      const head = `${HEAD}content-type: application/json\r\ncontent-length: ${body.byteLength}\r\n\r\n`;
      return Buffer.concat([Buffer.from(head, "latin1"), body]);
    });
    messages.set(content, made);
  }
  return made;
}
