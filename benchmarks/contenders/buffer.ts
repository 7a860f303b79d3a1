import { payloadOf } from "../payload.ts";
import { PATH } from "./contender.ts";
import type { MakeContender } from "./contender.ts";
import { caseOf, emptyApp } from "./origin.ts";

/** A handler that sends a ready-made Buffer (or 304) with the fields of our hit: nothing is looked up or made. */
export const makeBuffer: MakeContender = async (order) => {
  const { bytes, shape, conditional } = caseOf(order);
  const body = Buffer.from(JSON.stringify(payloadOf(bytes, shape)));
  const { fields } = order;
  const app = emptyApp();
  let runs = 0;
  if (conditional) {
    app.get(PATH, (_request, reply) => {
      runs++;
      reply.code(304).headers(fields).send();
    });
  } else {
    app.get(PATH, (_request, reply) => {
      runs++;
      reply.code(200).headers(fields).send(body);
    });
  }
  return { app, handlerRuns: () => runs };
};
