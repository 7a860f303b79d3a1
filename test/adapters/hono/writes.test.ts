import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { stream } from "hono/streaming";
import { describe, expect, it } from "vitest";
import { cacheRoute, invalidates } from "../../../src/adapters/hono.ts";
import type { Cache } from "../../../src/index.ts";
import { heldWrites } from "../../support/held-writes.ts";
import { signal } from "../harness/fetch-site.ts";
import { ask, heldCache } from "./support.ts";

/** An application with a cached list, and a write that ends as `handler` does. */
function site(cache: Cache, handler: MiddlewareHandler): Hono {
  const app = new Hono();
  app.onError((error, c) => c.text("page", ((error as { status?: number }).status ?? 500) as never));
  app.get("/list", cacheRoute(cache, { ttl: 60, tags: ["list:7"], staleIfError: 60 }), (c) => c.text("list"));
  app.post("/list/:id", invalidates(cache, { tags: (c) => [`list:${c.req.param("id")}`] }), handler);
  return app;
}

/** Returns the outcome of the list after a write. */
async function listAfter(handler: MiddlewareHandler): Promise<string | null> {
  const app = site(heldCache().cache, handler);
  await ask(app, "/list");
  await ask(app, "/list/7", { method: "POST" });
  return (await ask(app, "/list")).headers.get("cache-status");
}

const raise = (error: Error): never => {
  throw error;
};

describe("a write of a Hono handler", () => {
  it("is awaited before its response is sent", async () => {
    const { cache, begun, open } = heldWrites(heldCache().cache);
    const app = site(cache, async (c) => c.text("written"));
    let isAnswered = false;
    const written = ask(app, "/list/7", { method: "POST" });
    void written.then(() => (isAnswered = true));
    await new Promise(setImmediate);
    const before = [begun(), isAnswered];
    open();

    expect([before, (await written).text]).toEqual([[1, false], "written"]);
  });

  it("removes what has the tags that its context names", async () => {
    expect(await listAfter(async (c) => c.text("written", 201))).toContain("fwd=uri-miss");
  });

  it("makes it stale where the handler throws, though Hono sends a page", async () => {
    expect(await listAfter(() => raise(new Error("the write fails, as it was told to")))).toContain(
      "fwd=stale",
    );
  });

  it("leaves it where the page has a status of the client's fault", async () => {
    const refused = Object.assign(new Error("no such list"), { status: 404 });

    expect(await listAfter(() => raise(refused))).toMatch(/; ?hit/);
  });

  it("leaves it for safe methods, also at the end of a stream", async () => {
    const { cache } = heldCache();
    const goesOn = signal();
    const app = site(cache, async (c) => c.text("written"));
    app.get("/read", invalidates(cache, { tags: ["list:7"] }), (c) =>
      stream(c, async (out) => {
        await goesOn.given;
        await out.write("read");
      }),
    );
    await ask(app, "/list");
    const reading = await app.request("/read");
    goesOn.give();

    expect([await reading.text(), (await ask(app, "/list")).cache]).toEqual(["read", "HIT"]);
  });

  it("invalidates again at the end of a stream: the write may go on until then", async () => {
    const { cache } = heldCache();
    const goesOn = signal();
    const app = site(cache, async (c) =>
      stream(c, async (out) => {
        await goesOn.given;
        await out.write("written");
      }),
    );
    const writing = await app.request("/list/7", { method: "POST" });
    await ask(app, "/list");
    goesOn.give();

    expect([await writing.text(), (await ask(app, "/list")).cache]).toEqual(["written", "MISS"]);
  });

  it("can read its response in the function that names the tags", async () => {
    const { cache } = heldCache();
    const app = site(cache, async (c) => c.text("unused"));
    const tags = invalidates(cache, { tags: (c) => [c.res.headers.get("x-tag") ?? ""] });
    app.post("/told", tags, (c) => c.text("written", 200, { "x-tag": "list:7" }));
    await ask(app, "/list");
    await ask(app, "/told", { method: "POST" });

    expect((await ask(app, "/list")).cache).toBe("MISS");
  });
});
