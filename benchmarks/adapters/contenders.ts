import type { Server } from "node:http";
import type { Comparison } from "../comparison.ts";
import { payloadOf } from "../payload.ts";
import type { Payload } from "../payload.ts";

/** The path that every server answers. */
export const PATH = "/items";

/** For how long the caches keep a response, in seconds: longer than any run. */
export const TTL = 3600;

/** How many bytes the JSON of 20 items has. */
const BYTES = 1024;

/** A framework that we have an adapter for. */
interface Framework {
  readonly title: string;
  /** What a hit has to reach of a ready-made body. */
  readonly bodyGoal: number;
  /** The cache that its users have today, and what a hit has to reach of its hit. */
  readonly peer?: { readonly title: string; readonly goal: number };
}

/** The frameworks by the names that the command line knows, in the order of the tables. */
const frameworks = {
  fastify: { title: "Fastify", bodyGoal: 0.9 },
  express: { title: "Express 5", bodyGoal: 0.9, peer: { title: "apicache", goal: 1 } },
  hono: { title: "Hono", bodyGoal: 0.9 },
  koa: { title: "Koa", bodyGoal: 0.9, peer: { title: "koa-cash", goal: 1 } },
  nestjs: { title: "Nest on Express", bodyGoal: 0.9, peer: { title: "CacheInterceptor", goal: 1.3 } },
  "nestjs-fastify": {
    title: "Nest on Fastify",
    bodyGoal: 0.9,
    peer: { title: "CacheInterceptor", goal: 1.3 },
  },
  fetch: { title: "fetch", bodyGoal: 0.8 },
  h3: { title: "h3", bodyGoal: 0.8, peer: { title: "ocache", goal: 2.5 } },
} as const satisfies Record<string, Framework>;

export type FrameworkName = keyof typeof frameworks;

export const frameworkNames = Object.keys(frameworks) as readonly FrameworkName[];

export function isFrameworkName(name: string): name is FrameworkName {
  return Object.hasOwn(frameworks, name);
}

export function frameworkOf(name: FrameworkName): Framework {
  return frameworks[name];
}

/** What a server process runs: a hit of ours, a ready-made body, a handler that makes JSON, or a hit of the peer. */
type ContenderName = "ours" | "body" | "handler" | "peer";

/** A server process. `twin` is a second one with the program of `body`: the control. */
export type ServerName = ContenderName | "twin";

/** Two servers of a framework that are measured in pairs. */
export interface AdapterComparison extends Comparison<ServerName> {
  /** Undefined: the control. */
  readonly goal: number | undefined;
}

/** Returns the comparisons of a framework. The control comes first. */
export function comparisonsOf(name: FrameworkName): readonly AdapterComparison[] {
  const { bodyGoal, peer } = frameworkOf(name);
  const control = { subject: "twin", against: "body", goal: undefined } as const;
  const all: AdapterComparison[] = [
    { title: "control: ready-made body / itself", ...control },
    { title: "our hit / ready-made body", subject: "ours", against: "body", goal: bodyGoal },
    { title: "our hit / JSON handler", subject: "ours", against: "handler", goal: 1 },
  ];
  if (peer !== undefined)
    all.push({ title: `our hit / hit of ${peer.title}`, subject: "ours", against: "peer", goal: peer.goal });
  return all;
}

/** What a server process is started with. */
export interface ServerOrder {
  readonly framework: FrameworkName;
  readonly contender: ContenderName;
  /** The fields of our hit, for the contender that sends the same ones ready-made. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What all handlers respond with, and how often they ran. */
export class Origin {
  readonly payload: Payload = payloadOf(BYTES, "rows");
  readonly body: Buffer = Buffer.from(JSON.stringify(this.payload));
  readonly fields: Readonly<Record<string, string>>;
  readonly #text = this.body.toString();
  runs = 0;

  constructor({ fields }: Pick<ServerOrder, "fields">) {
    this.fields = fields;
  }

  /** What a handler makes JSON of. */
  items(): Payload {
    this.runs++;
    return this.payload;
  }

  /** What a handler sends ready-made. */
  bytes(): Buffer {
    this.runs++;
    return this.body;
  }

  /** The same as text. */
  text(): string {
    this.runs++;
    return this.#text;
  }
}

/** Makes a server that listens on a free port of 127.0.0.1 and answers `PATH`. */
export type MakeServer = (origin: Origin) => Promise<Server>;

/** The servers of one framework. */
export type Makers = Readonly<Record<Exclude<ContenderName, "peer">, MakeServer> & { peer?: MakeServer }>;
