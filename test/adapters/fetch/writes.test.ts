import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { cacheRoute, invalidates } from "../../../src/adapters/fetch.ts";
import type { FetchHandler } from "../../../src/adapters/fetch.ts";
import type { Cache } from "../../../src/index.ts";
import { heldWrites } from "../../support/held-writes.ts";
import { quietCache } from "../harness/fetch-site.ts";

const at = (method: string, init: RequestInit = {}): Request =>
  new Request("http://a.test/todos/7", { method, ...init });

/** Returns the outcome of a cached list after a request was handled. */
async function listAfter(
  wrap: (cache: Cache) => FetchHandler,
  request: Request = at("POST"),
): Promise<string | null> {
  const cache = quietCache();
  const list = cacheRoute(cache, { ttl: 60, tags: ["list"] }, () => new Response("list"));
  await list(at("GET"));
  await (async () => wrap(cache)(request))().catch(() => undefined);
  return (await list(at("GET"))).headers.get("cache-status");
}

const fail = (): never => {
  throw new Error("the write fails, as it was told to");
};

describe("a write of a fetch handler", () => {
  it("is awaited before its response is returned", async () => {
    const { cache, begun, open } = heldWrites(quietCache());
    let isAnswered = false;
    const written = Promise.resolve(
      invalidates(cache, { tags: ["list"] }, () => new Response("a"))(at("POST")),
    );
    void written.then(() => (isAnswered = true));
    await new Promise(setImmediate);
    const before = [begun(), isAnswered];
    open();

    expect([before, await (await written).text()]).toEqual([[1, false], "a"]);
  });

  it("returns the handler's own response, at once if that is at hand", () => {
    const response = new Response("a");

    expect(invalidates(quietCache(), { tags: ["list"] }, () => response)(at("POST"))).toBe(response);
  });

  it("may return a promise of another realm: its response counts by its status", async () => {
    const Foreign = runInNewContext("Promise") as PromiseConstructor;
    const wrap = (cache: Cache): FetchHandler =>
      invalidates(cache, { tags: ["list"] }, () => Foreign.resolve(new Response("a")));

    expect(await listAfter(wrap)).toContain("fwd=uri-miss");
  });

  it("rejects or throws as its handler does", async () => {
    const writing = (handler: FetchHandler): FetchHandler =>
      invalidates(quietCache(), { tags: ["list"] }, handler);

    expect(() => writing(fail)(at("POST"))).toThrow("as it was told to");
    await expect(writing(async () => fail())(at("POST"))).rejects.toThrow("as it was told to");
  });

  it("may throw its response, which counts by its status", async () => {
    const thrown = (status: number) => (cache: Cache) =>
      invalidates(cache, { tags: ["list"] }, () => {
        // oxlint-disable-next-line typescript/only-throw-error -- frameworks let handlers throw a Response
        throw new Response("no", { status });
      });

    expect([await listAfter(thrown(404)), await listAfter(thrown(303))]).toEqual([
      expect.stringContaining("hit"),
      expect.stringContaining("uri-miss"),
    ]);
  });

  it("names its tags by the request, the response's head and the handler's other arguments", async () => {
    const seen: unknown[] = [];
    const handler = invalidates(
      quietCache(),
      {
        tags: (request, response, env) => {
          seen.push(request.method, response.status, response.header("Location"), env.name);
          return [];
        },
      },
      (_request: Request, env: { name: string }) =>
        new Response(null, { status: 201, headers: { location: `/${env.name}` } }),
    );

    await handler(at("POST"), { name: "a" });

    expect(seen).toEqual(["POST", 201, "/a", "a"]);
  });

  it("is none with a safe method", async () => {
    const all = (cache: Cache): FetchHandler => invalidates(cache, { tags: ["list"] }, () => new Response());

    expect(await listAfter(all, at("GET"))).toContain("hit");
  });

  it("whose client disconnects makes what is stored stale at once", async () => {
    const client = new AbortController();
    const never = (cache: Cache): FetchHandler => {
      const handle = invalidates(cache, { tags: ["list"] }, () => new Promise<Response>(() => undefined));
      return (request) => {
        void handle(request);
        client.abort();
        return new Response();
      };
    };

    expect(await listAfter(never, at("POST", { signal: client.signal }))).toContain("fwd=stale");
  });

  it("is not touched by a disconnect after its response", async () => {
    const cache = quietCache();
    const client = new AbortController();
    const list = cacheRoute(cache, { ttl: 60, tags: ["list"] }, () => new Response("list"));
    await invalidates(
      cache,
      { tags: ["list"] },
      () => new Response("a"),
    )(at("POST", { signal: client.signal }));
    await list(at("GET"));
    client.abort();

    expect((await list(at("GET"))).headers.get("x-cache")).toBe("HIT");
  });

  it("is refused without a handler, and without tags", () => {
    const cache = quietCache();

    expect(() => invalidates(cache, { tags: ["list"] }, undefined as never)).toThrow(
      'write invalidates(cache, { tags: ["todos"] }, handler)',
    );
    expect(() => invalidates(cache, {} as never, () => new Response())).toThrow(
      'the option "tags" is undefined',
    );
  });
});
