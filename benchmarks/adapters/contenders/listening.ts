import { once } from "node:events";
import type { Server } from "node:net";

/** Listens on a free port of 127.0.0.1. */
export async function listening<Listening extends Server>(server: Listening): Promise<Listening> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
