import type { Server } from "node:http";
import type { Origin, Shape } from "./content.ts";

/** Makes a server that listens on a free port of 127.0.0.1 and answers `pathOf` of both shapes. */
export type MakeContender = (origin: Origin) => Promise<Server>;

interface Contender {
  /** How the tables call it. */
  readonly title: string;
  /** What it runs on. */
  readonly framework: string;
  readonly kind: "ours" | "floor" | "peer";
  /** The server that does the least on the same framework. */
  readonly floor?: string;
  /** Why it is not asked for a streamed response. */
  readonly cannotStream?: string;
}

/** The contenders by the names that the command line knows, in the order of the tables. */
const contenders = {
  bare: { title: "ready-made bytes on sockets", framework: "none", kind: "floor" },
  "floor-fastify": { title: "floor", framework: "Fastify", kind: "floor" },
  fastify: { title: "caching-route", framework: "Fastify", kind: "ours", floor: "floor-fastify" },
  "floor-express": { title: "floor", framework: "Express 5", kind: "floor" },
  express: { title: "caching-route", framework: "Express 5", kind: "ours", floor: "floor-express" },
  apicache: { title: "apicache", framework: "Express 5", kind: "peer", floor: "floor-express" },
  nest: {
    title: "Nest's CacheInterceptor",
    framework: "Nest on Express",
    kind: "peer",
    floor: "floor-express",
    cannotStream: "it stores values, and leaves streams alone",
  },
  "floor-fetch": { title: "floor", framework: "fetch", kind: "floor" },
  fetch: { title: "caching-route", framework: "fetch", kind: "ours", floor: "floor-fetch" },
  ocache: { title: "ocache", framework: "fetch", kind: "peer", floor: "floor-fetch" },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

export const contenderNames: readonly ContenderName[] = Object.keys(contenders).filter(isContenderName);

export function isContenderName(name: string): name is ContenderName {
  return Object.hasOwn(contenders, name);
}

export function contenderOf(name: ContenderName): Contender {
  return contenders[name];
}

/** The resource of one burst: no other burst has asked for it. */
export function pathOf(shape: Shape, burst: number): string {
  return `/${shape}/${burst}`;
}

/** For how long the caches keep a response, in seconds: longer than any run. */
export const TTL = 3600;
