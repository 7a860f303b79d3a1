import { expect, it } from "vitest";
import { fieldOf } from "../../src/http/fields.ts";
import { fillOf, kitOf } from "../support/kit.ts";

const lastModified = "Sun, 01 Jan 2023 00:00:00 GMT";

it("a handler that dates its response is later asked about that date alone, not about a tag that it never gave", () => {
  const kit = kitOf({ route: { ttl: 60, revalidate: true } });
  kit.ask({}, { headers: { "last-modified": lastModified } });
  kit.clock.advance(61);

  const { conditions } = fillOf(kit.now());

  expect(conditions).toEqual([["if-modified-since", lastModified]]);
});

it("a response without any validator is given a tag, whether or not its handler is asked about it", () => {
  const kit = kitOf({ route: { ttl: 60, revalidate: true } });

  const { fields } = kit.ask();

  expect(fieldOf(fields, "etag")).toMatch(/^"[^"]+"$/);
});

it("a response with a date is given a tag where its handler is never asked about it", () => {
  const kit = kitOf({ route: { ttl: 60 } });

  const { fields } = kit.ask({}, { headers: { "last-modified": lastModified } });

  expect(fieldOf(fields, "etag")).toMatch(/^"[^"]+"$/);
});
