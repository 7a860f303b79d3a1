import type { ServerResponse } from "node:http";
import type { ExecutionContext } from "@nestjs/common";
import type { Request, Response } from "express";
import type { FastifyReply, FastifyRequest } from "fastify";
import { lookUp as lookUpExpress } from "../express/lookup.ts";
import { lookUp as lookUpFastify } from "../fastify/lookup.ts";
import { fieldsOf as fieldsOfReply } from "../fastify/reply.ts";
import { wasSent } from "../fastify/sent-replies.ts";
import type { Outcome } from "../node/outcome.ts";
import { fieldsOf } from "../node/reply-fields.ts";
import { markLookedUp, routeHooksOf } from "./fastify-hooks.ts";
import type { CachedMethod } from "./method.ts";

/** Looks up the request of a context, on Express or on Fastify. */
export function lookUp(context: ExecutionContext, method: CachedMethod, outcome: Outcome): void {
  const response: Response | FastifyReply = context.getArgByIndex(1);
  const withoutHeaders: Outcome = {
    ...outcome,
    // Nest has set the fields of `@Header` already, and the stored response has them, too.
    answer: (send, drop) =>
      outcome.answer(() => {
        for (const name of method.headers) response.removeHeader(name);
        send();
      }, drop),
  };
  const withHeaders = method.headers.size === 0 ? outcome : withoutHeaders;
  if (isReply(response)) lookUpOnFastify(context, method, response, withHeaders);
  else lookUpOnExpress(context, method, response, withHeaders);
}

function lookUpOnExpress(
  context: ExecutionContext,
  method: CachedMethod,
  res: Response,
  outcome: Outcome,
): void {
  const req = context.getArgByIndex<Request>(0);
  const { path } = req.route as { readonly path: string };
  lookUpExpress(
    {
      engine: method.engine,
      req,
      res,
      native: context,
      owner: method,
      policy: () => method.policy(req.method, path),
      earlier: () => fieldsOf(res).filter(([name]) => !method.headers.has(name)),
    },
    outcome,
  );
}

function lookUpOnFastify(
  context: ExecutionContext,
  method: CachedMethod,
  reply: FastifyReply,
  outcome: Outcome,
): void {
  const request = context.getArgByIndex<FastifyRequest>(0);
  // As without a cache, the handler runs although a guard has sent a response.
  if (wasSent(reply)) return outcome.proceed();
  markLookedUp(reply);
  lookUpFastify(
    {
      engine: method.engine,
      request,
      reply,
      native: context,
      hooks: routeHooksOf(request),
      policy: method.policy(request.method, request.routeOptions.url ?? ""),
      earlier: () => fieldsOfReply(reply).filter(([name]) => !method.headers.has(name)),
    },
    outcome,
  );
}

/** Returns Node's own response. */
export function rawResponseOf(context: ExecutionContext): ServerResponse {
  const response: Response | FastifyReply = context.getArgByIndex(1);
  return isReply(response) ? response.raw : response;
}

function isReply(response: Response | FastifyReply): response is FastifyReply {
  return typeof (response as Partial<FastifyReply>).hijack === "function";
}
