import { Cluster, Redis } from "ioredis";
import * as ioredis from "ioredis";
import { Keyv } from "keyv";
import { createClient, createCluster, createSentinel } from "redis";
import { createClient as createClient5 } from "redis5";
import { describe, expect, it } from "vitest";
import { CacheError } from "../../../src/index.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import type { RedisClient } from "../../../src/stores/redis.ts";

const nodes = [{ host: "127.0.0.1", port: 1 }];
const rootNodes = [{ url: "redis://127.0.0.1:1" }];
const sentinels = { name: "a", sentinelRootNodes: nodes };
const lazily = { lazyConnect: true };

function errorOf(client: unknown): CacheError {
  try {
    redisStore(client as RedisClient);
  } catch (error) {
    if (error instanceof CacheError) return error;
  }
  throw new Error("the client was not refused");
}

/** Clients of earlier major versions, as far as they are recognised. */
const nodeRedis4 = { sendCommand() {}, duplicate() {}, connect() {}, isOpen: false };
const nodeRedis3 = { internal_send_command() {}, sendCommand() {}, duplicate() {}, get() {}, set() {} };

describe("a value that is no client is refused with the remedy", () => {
  it.each([
    ["an address", "redis://:secret@localhost", "the client is an address; make the client yourself"],
    ["a URL", new URL("redis://:secret@localhost"), "the client is an address"],
    ["nothing", undefined, "the client is missing; pass a client of redis (node-redis) 5 or 6"],
    ["null", null, "the client is missing"],
    ["a number", 6379, "the client is a value of type number"],
    ["options of a client", { host: "localhost", password: "secret" }, "without the methods of a client"],
    ["a module", ioredis, "the client is the module; pass a client that it makes"],
    ["a class", Redis, "the client is a function or class; pass a client that it makes"],
    ["what legacy() returns", createClient().legacy(), "the client is what legacy() returns"],
    ["a transaction", createClient().multi(), "the client is a transaction of node-redis"],
    ["a pipeline", new Redis(lazily).pipeline(), "the client is a pipeline of ioredis"],
    ["node-redis 4", nodeRedis4, "one of node-redis 4; install redis@6"],
    ["node-redis 3", nodeRedis3, "one of node-redis 3 or earlier; install redis@6"],
    ["a Keyv", new Keyv(), "no client of Redis that is known"],
    ["a Map", new Map(), "no client of Redis that is known: it is an object of class Map"],
  ])("%s", (_, client, message) => {
    const { code, message: full } = errorOf(client);
    expect(code).toBe("ERR_CACHE_STORE_CLIENT");
    expect(full).toContain("redisStore: the client is");
    expect(full).toContain(message);
    expect(full).not.toContain("secret");
  });
});

it("a promise of a client is refused, and its rejection ends no process", () => {
  const { code, message } = errorOf(Promise.reject(new Error("no server")));
  expect(code).toBe("ERR_CACHE_STORE_CLIENT");
  expect(message).toContain("the client is a Promise; await it: redisStore(await client)");
});

describe("a client that cannot work is refused with the remedy", () => {
  it.each([
    ["ioredis with a prefix", new Redis({ ...lazily, keyPrefix: "a:" }), "keyPrefix"],
    ["a cluster with a prefix", new Cluster(nodes, { ...lazily, keyPrefix: "a:" }), "keyPrefix"],
    [
      "a cluster whose nodes have a prefix",
      new Cluster(nodes, { ...lazily, redisOptions: { keyPrefix: "a:" } }),
      "keyPrefix",
    ],
    ["node-redis with a prefix", createClient({ keyPrefix: "a:" }), "keyPrefix"],
    ["a node-redis cluster with a prefix", createCluster({ rootNodes, keyPrefix: "a:" }), "keyPrefix"],
    ["a node-redis sentinel with a prefix", createSentinel({ ...sentinels, keyPrefix: "a:" }), "keyPrefix"],
    ["ioredis that only reads", new Redis({ ...lazily, readOnly: true }), "readOnly: true"],
    ["ioredis on a replica", new Redis({ ...lazily, sentinels: nodes, name: "a", role: "slave" }), "slave"],
    [
      "a cluster that reads from replicas",
      new Cluster(nodes, { ...lazily, scaleReads: "slave" }),
      "scaleReads",
    ],
    ["a cluster that reads anywhere", new Cluster(nodes, { ...lazily, scaleReads: "all" }), "scaleReads"],
    ["node-redis that only reads", createClient({ readonly: true }), "readonly: true"],
    ["node-redis 5 that only reads", createClient5({ readonly: true }), "readonly: true"],
  ])("%s", (_, client, message) => {
    const error = errorOf(client);
    expect(error.code).toBe("ERR_CACHE_STORE_CLIENT");
    expect(error.message).toContain(message);
  });
});

describe("options of redisStore", () => {
  const client = createClient();

  it.each([
    ["a number", 7],
    ["nothing, which would be all keys of the server", ""],
    ["a lone surrogate, which has no UTF-8", "\ud800"],
    ["braces that do not close, so that requests would choose the slot", "a{b:"],
    ["braces with nothing between, which make no slot", "a{}:"],
  ])("the prefix is refused if it is %s", (_, prefix) => {
    expect(() => redisStore(client, { prefix: prefix as string })).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_OPTION_INVALID",
        message: expect.stringContaining('write the start of all its keys, such as "shop:"'),
      }),
    );
  });

  it("a prefix may choose one slot of a cluster for everything", () => {
    expect(redisStore(client, { prefix: "{shop}:" }).name).toBe("redis");
  });

  it("an unknown option is refused", () => {
    expect(() => redisStore(client, { keyPrefix: "a:" } as object)).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_OPTION_UNKNOWN",
        message: expect.stringContaining('no option "keyPrefix"; write prefix'),
      }),
    );
  });

  it("a store is no options", () => {
    expect(() => redisStore(client, redisStore(client) as object)).toThrow(/the options are a/);
  });
});
