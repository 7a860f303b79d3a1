import type { FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import { stage } from "./support.ts";

const MODIFIED = { "last-modified": new Date(0).toUTCString() };
const cache = { ttl: 10, revalidate: true };

const kinds: readonly (readonly [string, (text: string) => unknown])[] = [
  ["a text", (text) => text],
  ["bytes", (text) => Buffer.from(text)],
  ["an object", (text) => ({ text })],
];

/** A GET is stored with the first content; when it is stale a HEAD finds the second; answers both, and a GET after. */
async function headBetween(
  contents: readonly [unknown, unknown],
  prepare: (app: FastifyInstance) => unknown = () => undefined,
) {
  let runs = 0;
  const { client, clock } = await stage((app) => {
    app.get("/a", { cache }, async (_request, reply) =>
      reply.headers(MODIFIED).send(runs++ === 0 ? contents[0] : contents[1]),
    );
  }, prepare);
  await client.ask({ path: "/a" });
  clock.advance(11);
  const head = await client.ask({ path: "/a", method: "HEAD" });
  const later = await client.ask({ path: "/a" });
  return { length: head.header("content-length"), cache: later.header("x-cache"), text: later.text };
}

describe("a HEAD that Fastify answers for a GET route", () => {
  it.each(kinds)("removes what is stored where %s has another length by now", async (_kind, make) => {
    const told = await headBetween([make("v"), make("longer")]);

    expect(told).toEqual({
      length: String(told.text.length),
      cache: "MISS",
      text: expect.stringContaining("longer"),
    });
  });

  it.each(kinds)("freshens what is stored where %s has the same length", async (_kind, make) => {
    const told = await headBetween([make("v"), make("w")]);

    expect(told).toEqual({
      length: String(told.text.length),
      cache: "HIT",
      text: expect.stringContaining("v"),
    });
  });

  it("removes what is stored where there is no content any more", async () => {
    const told = await headBetween(["v", ""]);

    expect(told).toEqual({ length: "0", cache: "MISS", text: "" });
  });

  it("freshens what is stored where a hook adds to both alike", async () => {
    const told = await headBetween(["v", "w"], (app) =>
      app.addHook("onSend", async (_request, _reply, payload) =>
        typeof payload === "string" ? `${payload} and more` : payload,
      ),
    );

    expect([told.length, told.cache]).toEqual(["10", "HIT"]);
  });
});

describe("a HEAD route of the application's own", () => {
  it.each([
    ["removes what is stored where it says another length", "6", "MISS"],
    ["freshens what is stored where it says the same length", "1", "HIT"],
  ])("%s", async (_what, length, outcome) => {
    const { client, clock } = await stage((app) => {
      app.get("/a", { cache, exposeHeadRoute: false }, async (_request, reply) =>
        reply.headers(MODIFIED).send("v"),
      );
      app.head("/a", { cache }, async (_request, reply) =>
        reply.headers({ ...MODIFIED, "content-length": length }).send(),
      );
    });
    await client.ask({ path: "/a" });
    clock.advance(11);

    const head = await client.ask({ path: "/a", method: "HEAD" });
    const later = await client.ask({ path: "/a" });

    expect([head.header("content-length"), later.header("x-cache")]).toEqual([length, outcome]);
  });
});
