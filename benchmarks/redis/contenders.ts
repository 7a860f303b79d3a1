import type { Comparison } from "../comparison.ts";

/** The clients by the names that the command line knows. */
export const clients = {
  "node-redis": "node-redis 6",
  ioredis: "ioredis 6",
  "node-redis-5": "node-redis 5",
  "ioredis-5": "ioredis 5",
} as const;

export type ClientName = keyof typeof clients;

export function isClientName(name: string): name is ClientName {
  return Object.hasOwn(clients, name);
}

/** What a server process runs. */
export type ContenderName = "bare" | "ours" | "nest" | "ocache";

/** A server process. `twin` is a second process with the program of `bare`: the control. */
export type ServerName = ContenderName | "twin";

export function contenderOf(name: ServerName): ContenderName {
  return name === "twin" ? "bare" : name;
}

/** What a server process is started with. */
export interface ServerOrder {
  readonly contender: ContenderName;
  readonly client: ClientName;
  /** The URL of Redis. */
  readonly redis: string;
}

/** The resources of every server: their paths, and how long their content is. */
export const sizes = { "1k": 1024, "64k": 65_536, "1m": 1_048_576 } as const;

export type Size = keyof typeof sizes;

export const sizeNames = Object.keys(sizes) as readonly Size[];

/** For how long the caches keep a response, in seconds: longer than any run. */
export const TTL = 3600;

/** What is asked for. A conditional request has the entity tag of the resource. */
interface Ask {
  readonly size: Size;
  readonly method: "GET" | "HEAD";
  readonly isConditional: boolean;
}

export const asks = {
  "1k": { size: "1k", method: "GET", isConditional: false },
  "64k": { size: "64k", method: "GET", isConditional: false },
  "304-1k": { size: "1k", method: "GET", isConditional: true },
  "304-1m": { size: "1m", method: "GET", isConditional: true },
  "head-64k": { size: "64k", method: "HEAD", isConditional: false },
} as const satisfies Record<string, Ask>;

export type AskName = keyof typeof asks;

/** A server and what it is asked for. */
export type Target = `${ServerName} ${AskName}`;

export interface RedisComparison extends Comparison<Target> {
  /** What the CPU ratio should reach. */
  readonly goal?: number;
}

const HIT = 0.85;
/** A 304 of 1 MB may cost 1.2 times one of 1 KB. */
const NOT_MODIFIED = 1 / 1.2;

const ours: readonly RedisComparison[] = [
  { title: "our hit of 1 KB / bare", subject: "ours 1k", against: "bare 1k", goal: HIT },
  { title: "our hit of 64 KB / bare", subject: "ours 64k", against: "bare 64k", goal: HIT },
  {
    title: "our 304 of 1 MB / of 1 KB",
    subject: "ours 304-1m",
    against: "ours 304-1k",
    goal: NOT_MODIFIED,
  },
  { title: "our HEAD of 64 KB / bare", subject: "ours head-64k", against: "bare head-64k" },
];

const controls: readonly RedisComparison[] = [
  { title: "control: bare, 1 KB, in another process", subject: "twin 1k", against: "bare 1k" },
  { title: "control: bare, 64 KB, in another process", subject: "twin 64k", against: "bare 64k" },
  { title: "control: our 304 of 1 KB, twice", subject: "ours 304-1k", against: "ours 304-1k" },
];

/** A peer is measured beside the client that it uses itself. */
const peers: Readonly<Partial<Record<ClientName, readonly RedisComparison[]>>> = {
  "node-redis": [
    { title: "Nest's CacheInterceptor, 1 KB / bare", subject: "nest 1k", against: "bare 1k" },
    { title: "Nest's CacheInterceptor, 64 KB / bare", subject: "nest 64k", against: "bare 64k" },
  ],
  ioredis: [
    { title: "ocache, 1 KB / bare", subject: "ocache 1k", against: "bare 1k" },
    { title: "ocache, 64 KB / bare", subject: "ocache 64k", against: "bare 64k" },
  ],
};

export function comparisonsOf(client: ClientName): readonly RedisComparison[] {
  return [...ours, ...(peers[client] ?? []), ...controls];
}

export function partsOf(target: Target): readonly [ServerName, AskName] {
  return target.split(" ") as [ServerName, AskName];
}
