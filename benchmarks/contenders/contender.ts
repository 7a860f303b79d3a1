import type { FastifyInstance } from "fastify";
import type { CaseName } from "../cases.ts";

/** The path that every contender answers. */
export const PATH = "/items";

/** For how long the caches keep a response, in seconds: longer than any run. */
export const TTL = 3600;

/** What a server process is started with. */
export interface ServerOrder {
  readonly contender: ContenderName;
  readonly case: CaseName;
  /** The fields of our hit, for the contender that sends the same ones ready-made. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A Fastify application that answers `PATH`, and how often its handler was entered. */
interface Contender {
  readonly app: FastifyInstance;
  handlerRuns(): number;
}

/** How each contender's module makes it. */
export type MakeContender = (order: ServerOrder) => Promise<Contender>;

export type ContenderName = "ours" | "buffer" | "object" | "lru-hook";
