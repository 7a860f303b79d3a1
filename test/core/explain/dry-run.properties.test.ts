import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rfc9111 } from "../../../src/index.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { kitOf, openWith, said, settled } from "../../support/kit.ts";
import type { Asked, Kit, Said } from "../../support/kit.ts";

const POLICIES: readonly RouteOptions<Asked>[] = [
  {},
  rfc9111,
  { ...rfc9111, revalidate: false, vary: ["x-a"] },
  { scope: ({ headers }) => headers?.["x-a"] ?? "nobody", query: ["q"], statuses: [200, 404] },
  { key: ({ target }) => `key ${target}`, methods: ["GET", "POST"], revalidate: true },
];

const oneOf = <const Values extends readonly unknown[]>(...values: Values): fc.Arbitrary<Values[number]> =>
  fc.constantFrom(...values);

const asked: fc.Arbitrary<Asked> = fc.record({
  method: oneOf("GET", "GET", "GET", "HEAD", "POST", "DELETE"),
  target: oneOf("/a", "/a?q=1", "/a?x=1"),
  headers: oneOf<Record<string, string>[]>(
    {},
    {},
    { "x-a": "1" },
    { "x-a": "2" },
    { authorization: "Bearer x" },
    { cookie: "a=1" },
    { "cache-control": "no-cache" },
    { "cache-control": "no-store" },
    { "cache-control": "only-if-cached" },
    { "cache-control": "max-stale" },
    { pragma: "no-cache" },
  ),
  content: oneOf(undefined, "a"),
});

const answered: fc.Arbitrary<Said> = fc.record({
  status: oneOf(200, 200, 200, 304, 404, 500),
  headers: oneOf<Record<string, string>[]>(
    {},
    { "cache-control": "max-age=5", etag: '"a"' },
    { "cache-control": "no-cache", etag: '"a"' },
    { "cache-control": "private" },
    { "cache-control": "public, max-age=5", vary: "x-a" },
    { vary: "*" },
    { "set-cookie": "a=1" },
    { "cache-control": "max-age=0", "last-modified": "Wed, 31 Dec 2025 00:00:00 GMT" },
  ),
});

interface Step {
  readonly asked: Asked;
  readonly answered: Said;
  readonly seconds: number;
}

const step: fc.Arbitrary<Step> = fc.record({ asked, answered, seconds: oneOf(0, 0, 1, 6, 61, 130) });

/** `Cache-Status` of what is done, less what the handler's answer decides. */
function done(kit: Kit, asked: Asked, answered: Said): string | undefined {
  const decision = settled(kit.begin(asked));
  if (decision.kind !== "fill")
    return said(decision.kind === "serve" ? decision.reply : decision, "cache-status");
  return said(openWith(decision, answered).complete("report"), "cache-status");
}

/** The words that are decided before the handler runs. */
function early(status: string | undefined): string | undefined {
  return /;(hit|fwd=[\w-]+|detail=only-if-cached)/.exec(status ?? "")?.[1];
}

/** What was told before each step of a history, and what the step then did. */
async function toldAndDone(
  route: RouteOptions<Asked>,
  steps: readonly Step[],
): Promise<readonly (readonly [told: string | undefined, done: string | undefined])[]> {
  const kit = kitOf({ route });
  const history: (readonly [string | undefined, string | undefined])[] = [];
  for (const { asked, answered, seconds } of steps) {
    kit.clock.advance(seconds);
    const request = { ...asked, url: `http://example.org${asked.target}`, native: asked };
    const { cacheStatus } = await kit.cache.explain(request, { route: "GET /reports" });
    history.push([early(cacheStatus), early(done(kit, asked, answered))]);
  }
  return history;
}

describe("what is explained", () => {
  it("is what is done, whatever was asked and answered before", async () => {
    await fc.assert(
      fc.asyncProperty(oneOf(...POLICIES), fc.array(step, { maxLength: 12 }), async (route, steps) => {
        const history = await toldAndDone(route, steps);

        expect(history.map(([told]) => told)).toEqual(history.map(([, done]) => done));
      }),
      { numRuns: 300 },
    );
  });
});
