import { gunzipSync } from "node:zlib";
import compress from "@fastify/compress";
import { describe, expect, it } from "vitest";
import { stage } from "./support.ts";

const long = "caching ".repeat(400);
const gzip = { "accept-encoding": "gzip" };

describe("on Fastify, the tag of content that @fastify/compress codes", () => {
  it.each([
    ["made by the cache", undefined],
    ["of the handler", '"v5"'],
  ])("%s is weak with the coding, and strong without", async (_whose, tag) => {
    const { client } = await stage(
      (app) =>
        app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => {
          if (tag !== undefined) reply.header("etag", tag);
          return reply.type("text/plain").send(long);
        }),
      (app) => app.register(compress, { threshold: 0 }),
    );
    const miss = await client.ask({ path: "/a", headers: gzip });
    const hit = await client.ask({ path: "/a", headers: gzip });
    const plain = await client.ask({ path: "/a" });
    const strong = plain.header("etag") ?? "";
    const head = await client.ask({ method: "HEAD", path: "/a", headers: gzip });
    const same = await client.ask({ path: "/a", headers: { ...gzip, "if-none-match": `W/${strong}` } });
    const other = await client.ask({ path: "/a", headers: { "if-none-match": strong } });
    expect([miss, hit].map(({ body }) => gunzipSync(body).toString())).toEqual([long, long]);
    expect(strong).toMatch(/^"/);
    expect([miss, hit, head, same].map(({ header }) => header("etag"))).toEqual(
      Array.from({ length: 4 }, () => `W/${strong}`),
    );
    expect([same.status, other.status, other.header("etag")]).toEqual([304, 304, strong]);
    expect(hit.header("x-cache")).toBe("HIT");
  });
});
