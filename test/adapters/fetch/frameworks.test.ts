import { afterEach, describe, expect, it } from "vitest";
import { cacheRoute, cacheTags } from "../../../src/adapters/fetch.ts";
import { quietCache } from "../harness/fetch-site.ts";
import { elysia } from "../packages/elysia.mjs";
import { srvx } from "../packages/servers.mjs";
import { yogaOf } from "../packages/yoga.mjs";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Asked = readonly [status: number, cache: string | null, content: string];

/** Serves a fetch handler by srvx. Returns a function that asks it over a socket. */
async function served(
  handler: (request: Request) => Response | Promise<Response>,
): Promise<(path: string, accept?: string) => Promise<Asked>> {
  const { origin, close } = await srvx(handler);
  closing.push(close);
  return async (path, accept = "application/json") => {
    const response = await fetch(new URL(path, origin), { headers: { accept } });
    return [response.status, response.headers.get("x-cache"), await response.text()];
  };
}

describe("GraphQL Yoga behind the cache", () => {
  let runs = 0;
  const yoga = yogaOf((of) => `${of} ${++runs}`);
  const query = ["query", "variables", "operationName"];
  const start = (): ReturnType<typeof served> =>
    served(cacheRoute(quietCache(), { ttl: 60, query, route: "graphql" }, (request) => yoga(request)));
  const asking = (text: string): string => `/graphql?query=${encodeURIComponent(text)}`;

  it("runs a query once, whatever else is in the URL", async () => {
    runs = 0;
    const ask = await start();
    const first = await ask(`${asking('{ run(of: "a") }')}&utm_source=mail`);
    expect(first).toEqual([200, "MISS", JSON.stringify({ data: { run: "a 1" } })]);
    expect(await ask(`${asking('{ run(of: "a") }')}&utm_source=web`)).toEqual([200, "HIT", first[2]]);
    expect((await ask(asking('{ run(of: "b") }')))[2]).toBe(JSON.stringify({ data: { run: "b 2" } }));
  });

  it.each([
    ["a query that is none", "{ nothing }", 400],
    ["a mutation", "mutation { write }", 405],
  ])("does not store %s", async (_what, text, status) => {
    const ask = await start();
    for (let times = 0; times < 2; times++) {
      const [seen, cache] = await ask(asking(text), "application/graphql-response+json");
      expect([seen, cache]).toEqual([status, "MISS"]);
    }
  });
});

describe("an error in GraphQL, which has the status 200,", () => {
  it("is not stored where the handler says so", async () => {
    const yoga = yogaOf(() => "run");
    const saying = async (request: Request): Promise<Response> => {
      const response = await yoga(request);
      const content = await response.text();
      const headers = new Headers([...response.headers]);
      if ((JSON.parse(content) as { readonly errors?: unknown }).errors !== undefined)
        headers.set("cache-control", "no-store");
      return new Response(content, { status: response.status, headers });
    };
    const ask = await served(
      cacheRoute(quietCache(), { ttl: 60, query: ["query"], route: "graphql" }, saying),
    );
    const seen = [];
    for (const text of ["{ fails }", "{ fails }", "{ run }", "{ run }"])
      seen.push((await ask(`/graphql?query=${encodeURIComponent(text)}`)).slice(0, 2));
    expect(seen).toEqual([
      [200, "MISS"],
      [200, "MISS"],
      [200, "MISS"],
      [200, "HIT"],
    ]);
  });
});

describe("Elysia", () => {
  it("is cached from outside, its routes and their parsing included", async () => {
    let runs = 0;
    const app = elysia("/users/:id", ({ params, query }) => ({ ...params, ...query, run: ++runs }));
    const ask = await served(
      cacheRoute(quietCache(), { ttl: 60, query: ["page"], route: "users" }, (request) =>
        app.handle(request),
      ),
    );
    const first = await ask("/users/7?page=2&x=1");
    expect(first).toEqual([200, "MISS", JSON.stringify({ id: "7", page: "2", run: 1 })]);
    expect(await ask("/users/7?x=2&page=2")).toEqual([200, "HIT", first[2]]);
    expect((await ask("/none")).slice(0, 2)).toEqual([404, "MISS"]);
  });

  it("has cached routes of its own", async () => {
    const cache = quietCache();
    let runs = 0;
    const user = cacheRoute(
      cache,
      { ttl: 60, key: (_request, { id }) => id },
      (request: Request, { id }: { readonly id: string }) => {
        cacheTags(request, [`user:${id}`]);
        return Response.json({ id, run: ++runs });
      },
    );
    const app = elysia("/users/:id", ({ request, params }) => user(request, params));
    const ask = await served((request) => app.handle(request));
    await ask("/users/7");
    expect(await ask("/users/7")).toEqual([200, "HIT", JSON.stringify({ id: "7", run: 1 })]);
    await cache.invalidate({ tag: "user:7" });
    expect(await ask("/users/7")).toEqual([200, "MISS", JSON.stringify({ id: "7", run: 2 })]);
  });
});
