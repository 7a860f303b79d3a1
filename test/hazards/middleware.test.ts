import type { Express, RequestHandler } from "express";
import express from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../src/adapters/express.ts";
import { askTwice, quietCache, visit } from "../adapters/express/support.ts";

/** An application with something in front of its one cached route. */
function siteOf(front: RequestHandler, handler: RequestHandler): Express {
  return express()
    .use(front)
    .get("/a", cacheRoute(quietCache(), { ttl: 60 }), handler);
}

describe("middleware in front of the cache", () => {
  it("33: a page whose session cookie is added as its head is sent is not shared", async () => {
    let carts = 0;
    const session: RequestHandler = (_req, res, next) => {
      const { writeHead } = res;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        res.append("set-cookie", `cart=${carts}`);
        return Reflect.apply(writeHead, res, args);
      }) as typeof writeHead;
      next();
    };
    const client = await visit(siteOf(session, (_req, res) => void res.send(`cart ${++carts}`)));
    const [first, second] = await askTwice(client);
    expect([first.text, second.text]).toEqual(["cart 1", "cart 2"]);
    expect([first, second].map(({ lines }) => lines("set-cookie"))).toEqual([["cart=1"], ["cart=2"]]);
  });

  it("41: middleware that wraps end receives text on a hit as on a miss", async () => {
    const front: RequestHandler = (_req, res, next) => {
      const { end } = res;
      res.end = ((chunk: unknown, encoding: unknown) => {
        res.removeHeader("content-length");
        const more = typeof chunk === "string" ? `${chunk} ü` : "no text";
        return Reflect.apply(end, res, [more, encoding]);
      }) as typeof end;
      next();
    };
    const client = await visit(siteOf(front, (_req, res) => void res.end("grüße")));
    const [miss, hit] = await askTwice(client);
    expect([miss.text, hit.text, hit.header("x-cache")]).toEqual(["grüße ü", "grüße ü", "HIT"]);
  });

  it("42: a field that the handler removes is absent on a hit, too", async () => {
    const front: RequestHandler = (_req, res, next) => {
      res.set("X-Frame-Options", "SAMEORIGIN");
      next();
    };
    const site = siteOf(front, (_req, res) => {
      res.removeHeader("X-Frame-Options");
      res.send("embed me");
    });
    const [miss, hit] = await askTwice(await visit(site));
    expect([miss, hit].map(({ header }) => header("x-frame-options"))).toEqual([undefined, undefined]);
    expect(hit.header("x-cache")).toBe("HIT");
  });

  it("43: a non-ASCII field value has the same bytes on a hit as on a miss", async () => {
    const front: RequestHandler = (_req, _res, next) => next();
    const site = siteOf(front, (_req, res) => void res.set("x-name", "caf\u00E9").end("text"));
    const [miss, hit] = await askTwice(await visit(site));
    expect([miss, hit].map(({ header }) => header("x-name"))).toEqual(["caf\u00C3\u00A9", "caf\u00C3\u00A9"]);
    expect(hit.header("x-cache")).toBe("HIT");
  });
});
