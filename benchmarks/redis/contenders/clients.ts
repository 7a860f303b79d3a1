import type { redisStore } from "caching-route/stores/redis";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient, RESP_TYPES } from "redis";
import { createClient as createClient5, RESP_TYPES as TYPES_5 } from "redis5";
import type { ClientName } from "../contenders.ts";

/** A connected client as a user has it, and its two calls for bytes. */
export interface Connected {
  readonly client: Parameters<typeof redisStore>[0];
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, seconds: number): Promise<unknown>;
}

/** How each client is connected, with its defaults. */
const connects: Readonly<Record<ClientName, (url: string) => Promise<Connected>>> = {
  "node-redis": async (url) => {
    const client = await createClient({ url }).connect();
    const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    return {
      client,
      get: (key) => bytes.get(key),
      set: (key, value, seconds) => bytes.set(key, value, { EX: seconds }),
    };
  },
  "node-redis-5": async (url) => {
    const client = await createClient5({ url }).connect();
    const bytes = client.withTypeMapping({ [TYPES_5.BLOB_STRING]: Buffer });
    return {
      client,
      get: (key) => bytes.get(key),
      set: (key, value, seconds) => bytes.set(key, value, { EX: seconds }),
    };
  },
  ioredis: async (url) => {
    const client = new Redis(url);
    return {
      client,
      get: (key) => client.getBuffer(key),
      set: (key, value, seconds) => client.set(key, value, "EX", seconds),
    };
  },
  "ioredis-5": async (url) => {
    const client = new Redis5(url);
    return {
      client,
      get: (key) => client.getBuffer(key),
      set: (key, value, seconds) => client.set(key, value, "EX", seconds),
    };
  },
};

export function connect(name: ClientName, url: string): Promise<Connected> {
  return connects[name](url);
}
