import etag from "@fastify/etag";
import { PATH } from "./contender.ts";
import type { MakeContender } from "./contender.ts";
import { caseOf, emptyApp, originOf } from "./origin.ts";

/** The object handler without a cache; where a 304 is measured, with `@fastify/etag` to make one. */
export const makeObject: MakeContender = async (order) => {
  const origin = originOf(order);
  const app = emptyApp();
  if (caseOf(order).conditional) await app.register(etag);
  app.get(PATH, { schema: origin.schema }, origin.handler);
  return { app, handlerRuns: origin.runs };
};
