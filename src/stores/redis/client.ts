import { Buffer } from "node:buffer";
import { refused } from "./refused.ts";

/**
 * A client of node-redis 5 or 6: what `createClient`, `createClientPool`, `createCluster` or `createSentinel` returns. The store
 * sends all reads to primaries, also with `useReplicas`.
 */
export interface NodeRedisClient {
  withTypeMapping(mapping: never): unknown;
  sendCommand(...given: never): Promise<unknown>;
}

/** A client of ioredis 5 or 6, or of iovalkey: a `Redis` or a `Cluster`. */
export interface IoRedisClient {
  readonly status: string;
  hmgetBuffer(...given: never): Promise<unknown>;
  evalsha(...given: never): Promise<unknown>;
}

/** A client that `redisStore` takes. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** All commands that the store sends. What its scripts call stands in `scripts.ts`. */
type Command = "HMGET" | "EVALSHA" | "EVAL" | "SCAN" | "UNLINK";

export type Argument = string | Buffer;

/** Sends a command. Text in the reply is a Buffer. */
type Send = (command: Command, args: readonly Argument[]) => Promise<unknown>;

/** A client, as the store uses it. */
export interface Connection {
  /** Sends a command to the primary that has the key. */
  send(key: string, command: Command, args: readonly Argument[]): Promise<unknown>;
  /** Returns a way to each primary. None, if the client has not connected yet. */
  primaries(): Promise<readonly Send[]>;
  /** Whether all keys of a command must be in one slot. */
  readonly isCluster: boolean;
}

/**
 * Returns how to use a client, which is recognised by its methods.
 *
 * Throws `ERR_CACHE_STORE_CLIENT` for anything else, and for a client that the store cannot work with.
 */
export function connectionOf(client: unknown): Connection {
  const why = refused(client);
  if (why !== undefined) throw why;
  const given = client as Recognised;
  if ("hmgetBuffer" in given) return given.isCluster ? ofIoRedisCluster(given) : ofIoRedis(given);
  if ("nodeClient" in given) return ofNodeRedisCluster(given);
  return "getMasterNode" in given ? ofNodeRedisSentinel(given) : ofNodeRedis(given);
}

// Nothing here is async that need not be: a hit waits for each promise in between.

type Recognised = IoRedis | NodeRedis | NodeRedisCluster | NodeRedisSentinel;

/** One primary has all keys. */
function ofOne(send: Send): Connection {
  return {
    send: (_, command, args) => send(command, args),
    primaries: async () => [send],
    isCluster: false,
  };
}

type Method = (...args: readonly Argument[]) => Promise<unknown>;

/** Auto pipelining of ioredis loses the name of a command that is sent by `callBuffer`. */
const METHODS = {
  HMGET: "hmgetBuffer",
  EVALSHA: "evalshaBuffer",
  EVAL: "evalBuffer",
  SCAN: "scanBuffer",
  UNLINK: "unlinkBuffer",
} as const satisfies Record<Command, string>;

type IoRedis = Readonly<Record<(typeof METHODS)[Command], Method>> & {
  readonly isCluster: boolean;
  /** Of a cluster. */
  nodes(role: "master"): readonly IoRedis[];
  createBuiltinCommand(name: string): { readonly buffer: Method };
};

function ofIoRedis(client: IoRedis): Connection {
  return ofOne(sendByMethods(client));
}

function sendByMethods(client: IoRedis): Send {
  return (command, args) => client[METHODS[command]](...args);
}

function ofIoRedisCluster(cluster: IoRedis): Connection {
  const send = sendByMethods(cluster);
  // Auto pipelining of iovalkey takes the digest of a script for a key, and so the wrong node. These functions skip it.
  const [evalsha, evaluate] = ["evalsha", "eval"].map((name) => cluster.createBuiltinCommand(name).buffer);
  const unpiped: Partial<Record<Command, Method | undefined>> = { EVALSHA: evalsha, EVAL: evaluate };
  return {
    send: (_, command, args) => unpiped[command]?.call(cluster, ...args) ?? send(command, args),
    primaries: async () => cluster.nodes("master").map(sendByMethods),
    isCluster: true,
  };
}

type Sent = readonly [command: Command, ...Argument[]];

/** 36 is how node-redis numbers bulk strings: by their first byte in the protocol, `$`. */
const OPTIONS = { typeMapping: { 36: Buffer } };
/**
 * Of lookups. The cache has a deadline for them, and the timeout of node-redis 6 costs 10 µs for each, a fifth of a hit: it makes
 * a signal that is aborted even if the reply has come.
 */
const WITHOUT_TIMEOUT = { ...OPTIONS, timeout: undefined };

function optionsOf(command: Command): typeof OPTIONS {
  return command === "HMGET" ? WITHOUT_TIMEOUT : OPTIONS;
}

interface NodeRedis {
  sendCommand(sent: Sent, options: typeof OPTIONS): Promise<unknown>;
}

function ofNodeRedis(client: NodeRedis): Connection {
  return ofOne(sendByName(client));
}

function sendByName(client: NodeRedis): Send {
  return (command, args) => client.sendCommand([command, ...args], optionsOf(command));
}

interface NodeRedisCluster {
  readonly masters: readonly object[];
  nodeClient(node: object): NodeRedis | Promise<NodeRedis>;
  sendCommand(key: string, isReadonly: boolean, sent: Sent, options: typeof OPTIONS): Promise<unknown>;
}

function ofNodeRedisCluster(cluster: NodeRedisCluster): Connection {
  return {
    send: (key, command, args) => cluster.sendCommand(key, false, [command, ...args], optionsOf(command)),
    primaries: async () =>
      Promise.all(cluster.masters.map(async (node) => sendByName(await cluster.nodeClient(node)))),
    isCluster: true,
  };
}

interface NodeRedisSentinel {
  getMasterNode(): unknown;
  sendCommand(isReadonly: boolean, sent: Sent, options: typeof OPTIONS): Promise<unknown>;
}

function ofNodeRedisSentinel(sentinel: NodeRedisSentinel): Connection {
  return ofOne((command, args) => sentinel.sendCommand(false, [command, ...args], optionsOf(command)));
}
