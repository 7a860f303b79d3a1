import { describe, expect, it } from "vitest";
import { fieldOf } from "../../src/http/fields.ts";
import { fillOf, kitOf } from "../support/kit.ts";
import type { Kit, Said } from "../support/kit.ts";

type Headers = NonNullable<Said["headers"]>;

function staleKit(headers: Headers = {}): Kit {
  const kit = kitOf({ route: { ttl: 10, revalidate: true } });
  kit.ask({}, { headers: { etag: '"v1"', ...headers }, body: "stored" });
  kit.clock.advance(10);
  return kit;
}

const lastModified = "Sun, 01 Jan 2023 00:00:00 GMT";

it("a response with Last-Modified and no ETag is revalidated by its date alone, not by a tag that its handler never set", () => {
  const kit = kitOf({ route: { ttl: 60, revalidate: true } });
  kit.ask({}, { headers: { "last-modified": lastModified } });
  kit.clock.advance(61);

  const { conditions } = fillOf(kit.now());

  expect(conditions).toEqual([["if-modified-since", lastModified]]);
});

it("a response without a validator gets an ETag, even where the route revalidates", () => {
  const kit = kitOf({ route: { ttl: 60, revalidate: true } });

  const { fields } = kit.ask();

  expect(fieldOf(fields, "etag")).toMatch(/^"[^"]+"$/);
});

it("a response with Last-Modified gets an ETag where the route does not revalidate", () => {
  const kit = kitOf({ route: { ttl: 60 } });

  const { fields } = kit.ask({}, { headers: { "last-modified": lastModified } });

  expect(fieldOf(fields, "etag")).toMatch(/^"[^"]+"$/);
});

describe("a 304 that may not be stored", () => {
  it.each<[string, Headers, Said]>([
    [
      "private, though the stored response has a field for shared caches",
      { "cdn-cache-control": "max-age=10" },
      { headers: { "cache-control": "private" } },
    ],
    [
      "private before the cache, though the stored response is public",
      { "cache-control": "public, max-age=10" },
      { earlier: { "cache-control": "private" } },
    ],
  ])("freshens nothing: %s", (_, stored, head) => {
    const { ask, now } = staleKit(stored);

    ask({}, { status: 304, ...head });

    expect(fillOf(now()).conditions).toEqual([]);
  });
});
