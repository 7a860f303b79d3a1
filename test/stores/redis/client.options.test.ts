import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore } from "../../../src/stores/redis.ts";
import { storeContract } from "../../../src/testing/index.ts";
import { areServersMissing, startRedis, startRedisCluster } from "../../support/redis-servers.ts";
import { libraries } from "./clients.ts";
import type { Library, Opened } from "./clients.ts";

const [nodeRedis6, nodeRedis5, ioRedis6, ioRedis5, ioValkey] = libraries as [
  Library,
  Library,
  Library,
  Library,
  Library,
];
const pipelined = { enableAutoPipelining: true };

/** Options that change how a client sends commands, or what its replies are. */
describe.skipIf(areServersMissing).each([
  {
    setUp: "one server",
    start: startRedis,
    kind: "single",
    options: [
      { library: nodeRedis6, what: { RESP: 2, database: 3 } },
      { library: nodeRedis5, what: { RESP: 3, commandOptions: { typeMapping: { 58: String, 36: String } } } },
      { library: ioRedis6, what: { ...pipelined, stringNumbers: true, db: 3, lazyConnect: true } },
      { library: ioValkey, what: { ...pipelined, stringNumbers: true } },
    ],
  },
  {
    setUp: "a cluster",
    start: startRedisCluster,
    kind: "cluster",
    options: [
      { library: nodeRedis5, what: { RESP: 3, minimizeConnections: true } },
      { library: ioRedis5, what: pipelined },
      { library: ioValkey, what: pipelined },
    ],
  },
] as const)("the Redis store on $setUp", ({ start, kind, options }) => {
  let servers: { stop(): Promise<void> };
  let stores = 0;

  beforeAll(async () => {
    servers = await start();
  });
  afterAll(async () => servers?.stop());

  const clients = options.map(({ library, what }) => ({
    library,
    what,
    name: `${library.name} and ${JSON.stringify(what)}`,
  }));

  describe.each(clients)("with $name", ({ library, what }) => {
    let opened: Opened;

    beforeAll(async () => {
      opened = await library[kind](servers as never, what);
    });
    afterAll(async () => opened?.close());

    const makeStore = () => redisStore(opened.client, { prefix: `options ${stores++}:` });
    const checks = storeContract(makeStore, { capabilities: ["marks", "leases"] });

    it.concurrent.each(checks)("$name", async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
});
