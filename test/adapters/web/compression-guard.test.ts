import { describe, expect, it } from "vitest";
import { guardCompression } from "../../../src/adapters/web/compression-guard.ts";

const GZIP = { "accept-encoding": "gzip" };
const asked = (headers: Record<string, string> = {}): Request => new Request("http://a.test/", { headers });
const response = (status: number, headers: Record<string, string>): Response =>
  new Response(status === 304 ? null : "a", { status, headers });

/** Returns the tag of a guarded response that had the tag "v1". */
function tagOf(status: number, request: Request, headers: Record<string, string> = {}): string | null {
  return guardCompression(response(status, { etag: '"v1"', ...headers }), request).headers.get("etag");
}

describe("a response behind compression", () => {
  it("has a weak tag where its client accepts a coding, and a strong one elsewhere", () => {
    expect([tagOf(200, asked(GZIP)), tagOf(200, asked())]).toEqual(['W/"v1"', '"v1"']);
  });

  it("keeps its tag if it has a coding already", () => {
    expect(tagOf(200, asked(GZIP), { "content-encoding": "br" })).toBe('"v1"');
  });

  it("is a 304 with the tag that its client has sent, else with that of what it would be sent", () => {
    const tags = ['W/"v1"', '"v1"', "*"].map((condition) =>
      tagOf(304, asked({ ...GZIP, "if-none-match": condition })),
    );

    expect(tags).toEqual(['W/"v1"', '"v1"', 'W/"v1"']);
  });

  it("forbids coding if it is a part, once", () => {
    const directives = [{}, { "cache-control": "max-age=5" }, { "cache-control": "no-transform" }].map(
      (headers) => guardCompression(response(206, headers), asked(GZIP)).headers.get("cache-control"),
    );

    expect(directives).toEqual(["no-transform", "max-age=5, no-transform", "no-transform"]);
  });
});
