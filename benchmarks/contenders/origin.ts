import fastify from "fastify";
import type { FastifyInstance, RouteShorthandOptions } from "fastify";
import { cases } from "../cases.ts";
import type { Case } from "../cases.ts";
import { payloadOf, responseSchema } from "../payload.ts";
import type { Payload } from "../payload.ts";
import type { ServerOrder } from "./contender.ts";

/** The handler that all caches stand before: an object of 20 items through a response schema. */
export interface Origin {
  readonly schema: NonNullable<RouteShorthandOptions["schema"]>;
  handler(): Promise<Payload>;
  runs(): number;
}

export function originOf(order: ServerOrder): Origin {
  const { bytes, shape } = caseOf(order);
  const payload = payloadOf(bytes, shape);
  let runs = 0;
  return {
    schema: { response: { 200: responseSchema } },
    handler() {
      runs++;
      return Promise.resolve(payload);
    },
    runs: () => runs,
  };
}

/** A Fastify that keeps idle connections for longer than a contender waits for its turn. */
export function emptyApp(): FastifyInstance {
  return fastify({ keepAliveTimeout: 600_000 });
}

export function caseOf(order: ServerOrder): Case {
  return cases[order.case];
}
