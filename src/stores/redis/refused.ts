import { CacheError, isThenable } from "../../core/contract/errors.ts";

/** What is looked at in a client. */
interface Shape {
  readonly [member: string]: unknown;
  readonly options?: ClientOptions | undefined;
  readonly _options?: ClientOptions | undefined;
}

/** What the store cannot work with, of the options of all clients. */
interface ClientOptions {
  readonly keyPrefix?: unknown;
  readonly scaleReads?: unknown;
  readonly role?: unknown;
  readonly readOnly?: unknown;
  readonly readonly?: unknown;
  readonly redisOptions?: ClientOptions | undefined;
}

const CLIENTS = "a client of redis (node-redis) 5 or 6, ioredis 5 or 6, or iovalkey";
const EXAMPLE =
  "redisStore(createClient({ url })) with node-redis, or redisStore(new Redis(url)) with ioredis";

/** Returns why the store does not work with a value as its client. Undefined: it does. */
export function refused(client: unknown): CacheError | undefined {
  const why = whyNot(client);
  return why === undefined ? undefined : new CacheError("ERR_CACHE_STORE_CLIENT", `redisStore: ${why}`);
}

// No message shows the value: it may be a URL or options with a password.
function whyNot(client: unknown): string | undefined {
  if (typeof client === "string" || client instanceof URL)
    return `the client is an address; make the client yourself: ${EXAMPLE}`;
  if (isThenable(client)) {
    // An unhandled rejection would end the process before anybody reads the error.
    void Promise.resolve(client).catch(() => undefined);
    return "the client is a Promise; await it: redisStore(await client)";
  }
  if (typeof client === "function")
    return `the client is a function or class; pass a client that it makes: ${EXAMPLE}`;
  if (client === undefined || client === null) return `the client is missing; pass ${CLIENTS}`;
  if (typeof client !== "object") return `the client is a value of type ${typeof client}; pass ${CLIENTS}`;
  const shape = client as Shape;
  if (has(shape, "hmgetBuffer", "evalshaBuffer")) return whyNotIoRedis(shape);
  if (has(shape, "sendCommand", "withTypeMapping")) return whyNotNodeRedis(shape);
  return `the client is ${describe(shape)}`;
}

function has(shape: Shape, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof shape[method] === "function");
}

function describe(shape: Shape): string {
  if (has(shape, "createClient") || has(shape, "Redis") || has(shape, "default"))
    return `the module; pass a client that it makes: ${EXAMPLE}`;
  if (has(shape, "internal_send_command")) return "one of node-redis 3 or earlier; install redis@6";
  if (has(shape, "sendCommand", "MULTI", "exec") || has(shape, "addCommand", "exec"))
    return "a transaction of node-redis; pass the client that made it";
  if (has(shape, "sendCommand", "duplicate")) return "one of node-redis 4; install redis@6";
  if (has(shape, "sendCommand")) return "what legacy() returns; pass the client itself";
  if (has(shape, "get", "set"))
    return `no client of Redis that is known: it is ${classOf(shape)}; pass ${CLIENTS}`;
  return `${classOf(shape)} without the methods of a client; pass ${CLIENTS}: ${EXAMPLE}`;
}

function classOf(shape: object): string {
  const { constructor } = (Object.getPrototypeOf(shape) ?? {}) as { readonly constructor?: unknown };
  const name = typeof constructor === "function" ? constructor.name : "";
  return ["", "Object", "Class"].includes(name) ? "an object" : `an object of class ${name}`;
}

function whyNotIoRedis(shape: Shape): string | undefined {
  if (shape["isPipeline"] === true)
    return "the client is a pipeline of ioredis; pass the client that made it";
  const { options = {} } = shape;
  const { redisOptions = {} } = options;
  const isReplica = options.role === "slave" || [options.readOnly, redisOptions.readOnly].includes(true);
  if (isReplica)
    return `the client reads from a replica (${replicaOption(options)}), where deleted responses live on for a while; leave the option out`;
  if (shape["isCluster"] === true && ![undefined, "master"].includes(options.scaleReads as never))
    return 'the client reads from replicas (scaleReads), where deleted responses live on for a while; write scaleReads: "master", or make another client for the store';
  return whyNotPrefix(options.keyPrefix || redisOptions.keyPrefix);
}

function replicaOption(options: ClientOptions): string {
  return options.role === "slave" ? 'role: "slave"' : "readOnly: true";
}

function whyNotNodeRedis(shape: Shape): string | undefined {
  const options = shape.options ?? shape._options ?? {};
  if (options.readonly === true)
    return "the client reads from a replica (readonly: true), where deleted responses live on for a while; leave the option out";
  // A sentinel of node-redis 6 shows its prefix only so.
  return whyNotPrefix(options.keyPrefix || shape["_keyPrefix"]);
}

function whyNotPrefix(keyPrefix: unknown): string | undefined {
  if (typeof keyPrefix !== "string" || keyPrefix === "") return undefined;
  const prefix = JSON.stringify(keyPrefix);
  return `the client has a keyPrefix, which SCAN does not get; make a client without it, and write redisStore(client, { prefix: ${prefix} })`;
}
