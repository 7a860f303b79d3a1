import { H3, HTTPError } from "h3";
import type { H3Event } from "h3";
import { describe, expect, it } from "vitest";
import { cacheRoute, invalidates } from "../../../src/adapters/h3.ts";
import type { Cache } from "../../../src/index.ts";
import { heldWrites } from "../../support/held-writes.ts";
import { signal } from "../harness/fetch-site.ts";
import { ask, heldCache } from "../hono/support.ts";

/** An application with a cached list, and a write that ends as `handler` does. */
function site(cache: Cache, handler: (event: H3Event) => unknown): H3 {
  const app = new H3({ silent: true });
  app.get(
    "/list",
    cacheRoute(cache, { ttl: 60, tags: ["list:7"], staleIfError: 60 }, () => "list"),
  );
  const tags = (event: H3Event): string[] => [`list:${event.context.params?.["id"]}`];
  return app.post("/list/:id", invalidates(cache, { tags }, handler));
}

/** Returns the outcome of the list after a write. */
async function listAfter(handler: (event: H3Event) => unknown): Promise<string | null> {
  const app = site(heldCache().cache, handler);
  await ask(app, "/list");
  await ask(app, "/list/7", { method: "POST" });
  return (await ask(app, "/list")).headers.get("cache-status");
}

const raise = (error: unknown): never => {
  throw error;
};

/** A stream whose only part comes once `given` is fulfilled. */
function late(given: Promise<void>, text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      await given;
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

describe("a write of an h3 handler", () => {
  it("is awaited before its response is sent", async () => {
    const { cache, begun, open } = heldWrites(heldCache().cache);
    const app = site(cache, () => "written");
    let isAnswered = false;
    const written = ask(app, "/list/7", { method: "POST" });
    void written.then(() => (isAnswered = true));
    await new Promise(setImmediate);
    const before = [begun(), isAnswered];
    open();

    expect([before, (await written).text]).toEqual([[1, false], "written"]);
  });

  it("removes what has the tags that its event names, with the status that is staged", async () => {
    const created = (event: H3Event): object => {
      event.res.status = 201;
      return { id: 1 };
    };

    expect(await listAfter(created)).toContain("fwd=uri-miss");
  });

  it("makes it stale where the handler throws", async () => {
    expect(await listAfter(() => raise(new Error("the write fails, as it was told to")))).toContain(
      "fwd=stale",
    );
  });

  it.each([
    ["throws one", () => raise(HTTPError.status(404))],
    ["returns one", () => new Response("no", { status: 422 })],
    ["does not respond", () => Symbol.for("h3.notFound")],
    [
      "stages one",
      (event: H3Event) => {
        event.res.status = 409;
        return "conflict";
      },
    ],
  ])("leaves it with a status of the client's fault, where the handler %s", async (_, handler) => {
    expect(await listAfter(handler)).toMatch(/; ?hit/);
  });

  it("is answered as without us", async () => {
    const { cache } = heldCache();
    const app = new H3({ silent: true }).use((event) => event.res.headers.set("x-front", "1"));
    const outcomes: (() => unknown)[] = [
      () => ({ id: 1 }),
      () => raise(HTTPError.status(404)),
      () => Symbol.for("h3.notFound"),
    ];
    for (const [at, handler] of outcomes.entries()) {
      app.post(`/plain/${at}`, handler).post(`/writes/${at}`, invalidates(cache, { tags: ["a"] }, handler));
    }
    const tell = async (path: string): Promise<unknown> => {
      const { status, text, headers } = await ask(app, path, { method: "POST" });
      return [status, text.replaceAll(path, ""), headers.get("x-front"), headers.get("content-type")];
    };

    for (const at of outcomes.keys()) expect(await tell(`/writes/${at}`)).toEqual(await tell(`/plain/${at}`));
  });

  it("leaves it for safe methods, also at the end of a stream", async () => {
    const { cache } = heldCache();
    const goesOn = signal();
    const app = site(cache, () => "written");
    app.get(
      "/read",
      invalidates(cache, { tags: ["list:7"] }, () => late(goesOn.given, "read")),
    );
    await ask(app, "/list");
    const reading = await app.request("/read");
    goesOn.give();

    expect([await reading.text(), (await ask(app, "/list")).cache]).toEqual(["read", "HIT"]);
  });

  it("invalidates again at the end of a stream: the write may go on until then", async () => {
    const { cache } = heldCache();
    const goesOn = signal();
    const app = site(cache, () => late(goesOn.given, "written"));
    const writing = await app.request("/list/7", { method: "POST" });
    await ask(app, "/list");
    goesOn.give();

    expect([await writing.text(), (await ask(app, "/list")).cache]).toEqual(["written", "MISS"]);
  });

  it("gives its response to the function that names the tags", async () => {
    const { cache } = heldCache();
    const app = site(cache, () => "unused");
    const statuses: number[] = [];
    app.post(
      "/told",
      invalidates(
        cache,
        {
          tags: (_event, { status, header }) => {
            statuses.push(status);
            return [header("x-tag") ?? ""];
          },
        },
        () => new Response("written", { status: 201, headers: { "x-tag": "list:7" } }),
      ),
    );
    await ask(app, "/list");
    await ask(app, "/told", { method: "POST" });

    expect([(await ask(app, "/list")).cache, statuses[0]]).toEqual(["MISS", 201]);
  });
});
