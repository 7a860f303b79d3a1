import { Redis } from "ioredis";
import { createClient } from "redis";
import type { Connect } from "./site.ts";

/** The clients that are tried, as an application makes them: with nothing but an address and a listener for errors. */
export const clients: Readonly<Record<string, Connect>> = {
  ioredis: async ({ host, port }) => {
    const client = new Redis({ host, port });
    client.on("error", () => undefined);
    return { client, close: () => client.disconnect() };
  },
  "node-redis": async ({ host, port }) => {
    const client = createClient({ socket: { host, port } });
    client.on("error", () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
};
