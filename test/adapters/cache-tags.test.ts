import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { cacheTags as express } from "../../src/adapters/express.ts";
import { cacheTags as fastify } from "../../src/adapters/fastify.ts";
import { cacheTags as fetch } from "../../src/adapters/fetch.ts";
import { createCache } from "../../src/index.ts";
import { cacheRoute } from "../../src/adapters/fetch.ts";

describe("cacheTags", () => {
  const wrong = [undefined, null, "users", ["users"], {}, new Response()] as const;

  it.each(wrong)("of Fastify takes the reply: %j", (given) => {
    expect(() => fastify(given as never, ["a"])).toThrow(
      /the first argument is the reply: cacheTags\(reply, tags\)/,
    );
  });

  it.each(wrong)("of Express takes the response: %j", (given) => {
    expect(() => express(given as never, ["a"])).toThrow(
      /the first argument is the response: cacheTags\(res, tags\)/,
    );
  });

  it.each(wrong)("of fetch handlers takes the request: %j", (given) => {
    expect(() => fetch(given as never, ["a"])).toThrow(
      /the first argument is the request that the handler was given: cacheTags\(request, tags\)/,
    );
  });

  it("of Fastify does not take the raw response, which has no tags", () => {
    const raw = new ServerResponse(new IncomingMessage(new Socket()));

    expect(() => fastify(raw as never, ["a"])).toThrow(/the first argument is the reply/);
  });

  it("of fetch handlers does not take the request of Node, which has no tags", () => {
    const own = Object.assign(new IncomingMessage(new Socket()), { method: "GET", url: "/" });

    expect(() => fetch(own as never, ["a"])).toThrow(
      /the first argument is the request that the handler was given/,
    );
  });

  it("of fetch handlers counts where what wraps the handler makes the response again", async () => {
    const cache = createCache();
    const inner = async (request: Request): Promise<Response> => {
      cacheTags(request, ["users"]);
      return new Response("a");
    };
    const wrapped = async (request: Request): Promise<Response> => new Response((await inner(request)).body);
    const handler = cacheRoute(cache, { ttl: 60 }, wrapped);
    const status = async (): Promise<string | null> =>
      (await handler(new Request("http://a/"))).headers.get("x-cache");
    const before = [await status(), await status()];

    await cache.invalidate({ tag: "users" });

    expect([before, await status()]).toEqual([["MISS", "HIT"], "MISS"]);
  });
});

const cacheTags = fetch;
