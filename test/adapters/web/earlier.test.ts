import { describe, expect, it } from "vitest";
import { quietCache, signal, streamed } from "../harness/fetch-site.ts";
import { made, webSite } from "./site.ts";

describe("a field that was set before the lookup", () => {
  it("is sent with a miss and with each hit as that request has it, and is never stored", async () => {
    const cache = quietCache();
    const { ask } = webSite(cache, (earlier) => made(earlier, "a"), { ttl: 60, key: () => "one" });

    const answers = [await ask([["x-id", "1"]]), await ask([["x-id", "2"]]), await ask([])];

    expect(answers.map(({ headers }) => [headers.get("x-cache"), headers.get("x-id")])).toEqual([
      ["MISS", "1"],
      ["HIT", "2"],
      ["HIT", null],
    ]);
    const { fields = [] } = (await cache.get("one")) ?? {};
    expect(fields.map(([name]) => name)).not.toContain("x-id");
  });

  it("is sent with a 304, a part and a response to HEAD", async () => {
    const { ask } = webSite(quietCache(), (earlier) => made(earlier, "four"));
    const etag = (await ask([])).headers.get("etag") ?? "";

    const answers = [
      await ask([["x-id", "1"]], { headers: { "if-none-match": etag } }),
      await ask([["x-id", "2"]], { headers: { range: "bytes=0-1" } }),
      await ask([["x-id", "3"]], { method: "HEAD" }),
    ];

    expect(answers.map(({ status, headers }) => [status, headers.get("x-id")])).toEqual([
      [304, "1"],
      [206, "2"],
      [200, "3"],
    ]);
  });

  it("is sent with each follower of a stream as that follower has it", async () => {
    const goesOn = signal();
    const { ask } = webSite(quietCache(), (earlier) => {
      const { body } = streamed(async function* () {
        yield new TextEncoder().encode("one ");
        await goesOn.given;
        yield new TextEncoder().encode("two");
      });
      return made(earlier, body);
    });
    const leader = await ask([["x-id", "1"]]);

    const follower = await ask([["x-id", "2"]]);
    goesOn.give();

    expect([leader, follower].map(({ headers }) => headers.get("x-id"))).toEqual(["1", "2"]);
    expect(await Promise.all([leader.text(), follower.text()])).toEqual(["one two", "one two"]);
  });

  it("is sent once with a bypass and with a response that is not stored", async () => {
    const { ask } = webSite(quietCache(), (earlier) => made(earlier, "a", { "cache-control": "no-store" }));

    const answers = [await ask([["x-id", "1"]], { headers: { cookie: "a=b" } }), await ask([["x-id", "2"]])];

    expect(answers.map(({ headers }) => headers.get("x-id"))).toEqual(["1", "2"]);
  });

  it("is joined by the members of the handler's Vary", async () => {
    const { ask } = webSite(quietCache(), (earlier) => made(earlier, "a", { vary: "Accept" }));

    const answers = [await ask([["vary", "Origin"]]), await ask([["vary", "Cookie"]])];

    expect(answers.map(({ headers }) => headers.get("vary"))).toEqual(["Origin, accept", "Cookie, accept"]);
  });

  it("stays in front of the lines of Set-Cookie that a hit has", async () => {
    const { ask } = webSite(quietCache(), (earlier) => made(earlier, "a", { "set-cookie": "own=1" }), {
      ttl: 60,
      setCookie: "store",
    });
    await ask([["set-cookie", "front=1"]]);

    const hit = await ask([["set-cookie", "front=2"]]);

    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect(hit.headers.getSetCookie()).toEqual(["front=2", "own=1"]);
  });

  it("is absent from each hit if the handler has removed it", async () => {
    const { ask } = webSite(quietCache(), () => new Response("a"));
    await ask([["x-frame-options", "DENY"]]);

    const hit = await ask([
      ["x-frame-options", "DENY"],
      ["x-id", "2"],
    ]);

    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect([hit.headers.get("x-frame-options"), hit.headers.get("x-id")]).toEqual([null, "2"]);
  });

  it("that forbids storing is obeyed, though it is not the handler's", async () => {
    const { ask } = webSite(quietCache(), (earlier) => made(earlier, "a"));
    await ask([["cache-control", "no-store"]]);

    expect((await ask([])).headers.get("x-cache")).toBe("MISS");
  });
});
