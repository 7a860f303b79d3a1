import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { quietCache } from "../harness/fetch-site.ts";

interface Context {
  readonly params: { readonly id: string };
}

const at = (id: string): Context => ({ params: { id } });
const request = (): Request => new Request("http://a.test/users");

describe("what a handler is given besides the request is given to the route's functions, too", () => {
  it.each(["key", "scope"])("to %s", async (option) => {
    const handler = cacheRoute(
      quietCache(),
      { [option]: (_request: Request, { params }: Context) => params.id },
      (_request: Request, { params }: Context) => new Response(params.id),
    );
    await handler(request(), at("1"));

    const [same, other] = [await handler(request(), at("1")), await handler(request(), at("2"))];

    expect([same.headers.get("x-cache"), await same.text()]).toEqual(["HIT", "1"]);
    expect([other.headers.get("x-cache"), await other.text()]).toEqual(["MISS", "2"]);
  });

  it("to origin", async () => {
    const handler = cacheRoute(
      quietCache(),
      { origin: (_request, { params }) => `http://${params.id}.test` },
      (_request: Request, { params }: Context) => new Response(params.id),
    );
    await handler(request(), at("1"));

    const other = await handler(request(), at("2"));

    expect([other.headers.get("x-cache"), await other.text()]).toEqual(["MISS", "2"]);
  });

  it("to tags, after the response", async () => {
    const cache = quietCache();
    const handler = cacheRoute(
      cache,
      {
        key: (_request, { params }) => params.id,
        tags: (_request, response, { params }) => [`${response.status} ${params.id}`],
      },
      (_request: Request, { params }: Context) => new Response(params.id),
    );
    await handler(request(), at("1"));
    await handler(request(), at("2"));

    await cache.invalidate({ tag: "200 1" });

    expect((await handler(request(), at("1"))).headers.get("x-cache")).toBe("MISS");
    expect((await handler(request(), at("2"))).headers.get("x-cache")).toBe("HIT");
  });

  it("by cache.explain", async () => {
    const cache = quietCache();
    const handler = cacheRoute(
      cache,
      { key: (_request, { params }) => params.id },
      (_request: Request, { params }: Context) => new Response(params.id),
    );
    await handler(request(), at("1"));
    const described = { url: "http://a.test/users", native: request() };

    const [same, other] = [
      await cache.explain({ ...described, rest: [at("1")] }),
      await cache.explain({ ...described, rest: [at("2")] }),
    ];

    expect([same.outcome, other.outcome]).toEqual(["hit", "miss"]);
  });
});
