import { createHash } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { LRUCache } from "lru-cache";
import type { onRequestHookHandler, onSendHookHandler } from "fastify";
import { PATH, TTL } from "./contender.ts";
import type { MakeContender } from "./contender.ts";
import { emptyApp, originOf } from "./origin.ts";

interface Stored {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly etag: string;
  readonly body: Buffer;
  readonly storedAt: number;
}

/** What people write by hand before the object handler: two hooks around an `lru-cache`, keyed by the raw URL. */
export const makeLruHook: MakeContender = async (order) => {
  const origin = originOf(order);
  const store = new LRUCache<string, Stored>({ max: 10_000, ttl: TTL * 1000 });
  const app = emptyApp();

  // In front of all else, which is the fastest place: a guard that runs later does not see these requests.
  const onRequest: onRequestHookHandler = (request, reply, done) => {
    const hit = store.get(request.url);
    if (hit === undefined) {
      done();
      return;
    }
    const age = Math.floor((Date.now() - hit.storedAt) / 1000);
    reply.header("etag", hit.etag);
    reply.header("age", String(age));
    reply.header("x-cache", "HIT");
    reply.header("cache-status", `caching-route;hit;ttl=${TTL - age}`);
    if (request.headers["if-none-match"] === hit.etag) {
      reply.code(304).send();
      return;
    }
    reply.code(hit.status).headers(hit.headers).send(hit.body);
  };

  const onSend: onSendHookHandler = (request, reply, payload, done) => {
    if (reply.hasHeader("x-cache") || typeof payload !== "string") {
      done(null, payload);
      return;
    }
    const body = Buffer.from(payload);
    const etag = `"${createHash("sha1").update(body).digest("base64url")}"`;
    const headers = {
      "content-type": reply.getHeader("content-type"),
      "content-length": String(body.byteLength),
    };
    store.set(request.url, { status: reply.statusCode, headers, etag, body, storedAt: Date.now() });
    reply.header("etag", etag);
    reply.header("x-cache", "MISS");
    done(null, payload);
  };

  app.get(PATH, { schema: origin.schema, onRequest, onSend }, origin.handler);
  return { app, handlerRuns: origin.runs };
};
