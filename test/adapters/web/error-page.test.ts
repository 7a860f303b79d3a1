import { describe, expect, it } from "vitest";
import { ErrorPage } from "../../../src/adapters/web/response.ts";
import { createCache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { quietCache } from "../harness/fetch-site.ts";
import { webSite } from "./site.ts";

const failure = new Error("the handler fails, as it was told to");
const page = (error: unknown, status: number): ErrorPage =>
  new ErrorPage(error, new Response("page", { status }));

describe("a page that a framework makes of a handler's error", () => {
  it("is sent with its reason, and not stored, whatever its status", async () => {
    const { ask } = webSite(quietCache(), () => page(failure, 200));

    const answers = [await ask([]), await ask([])];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const { headers } of answers) expect(headers.get("cache-status")).toMatch(/fwd=\S+; ?detail=failed/);
  });

  it("is stored if the error is an answer and the route stores its status", async () => {
    const error = Object.assign(new Error("no such report"), { status: 404 });
    const { ask } = webSite(quietCache(), () => page(error, 404), { statuses: { 200: 60, 404: 60 } });
    await ask([]);

    const hit = await ask([]);

    expect([hit.status, hit.headers.get("x-cache"), await hit.text()]).toEqual([404, "HIT", "page"]);
  });

  it("of a refresh keeps what is stored, and onError receives the error", async () => {
    const clock = testClock();
    const errors: unknown[] = [];
    const cache = createCache({ clock, reporter: false, onError: (error) => void errors.push(error) });
    const { ask } = webSite(cache, () => new Response("run 1"), { ttl: 10, staleWhileRevalidate: 60 });
    await ask([]);
    clock.advance(10);
    let refreshed: Promise<unknown> | undefined;

    const stale = await ask(
      [],
      {},
      {
        waitUntil: (promise) => void (refreshed = promise),
        refresh: (_request, refill) => refill({ handle: () => page(failure, 500) }),
      },
    );
    await refreshed;

    expect([await stale.text(), errors, cache.stats().stored]).toEqual(["run 1", [failure], 1]);
  });
});
