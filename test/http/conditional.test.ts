import { describe, expect, it } from "vitest";
import { isNotModified, NOT_MODIFIED_FIELDS, notModifiedFields } from "../../src/http/conditional.ts";
import { toFields } from "../../src/http/fields.ts";

const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const modified = "Sun, 06 Nov 1994 08:49:37 GMT";
const later = "Sun, 06 Nov 1994 08:49:38 GMT";
const modifiedAt = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("a request without conditions", () => {
  it("gets the whole response", () => {
    expect(isNotModified({}, { etag: '"a"', lastModified: modified })).toBe(false);
  });
});

describe("If-None-Match", () => {
  it.each(['"a"', 'W/"a"', '"x", W/"a"', "*"])(
    "gives 304 where the stored tag is in it: %s",
    (ifNoneMatch) => {
      expect(isNotModified({ ifNoneMatch }, { etag: '"a"' })).toBe(true);
    },
  );

  it("compares weakly with a stored weak tag", () => {
    expect(isNotModified({ ifNoneMatch: '"a"' }, { etag: 'W/"a"' })).toBe(true);
  });

  it.each(['"b"', "a", ""])(
    "gives the whole response where the stored tag is not in it: %j",
    (ifNoneMatch) => {
      expect(isNotModified({ ifNoneMatch }, { etag: '"a"' })).toBe(false);
    },
  );

  it("gives 304 with a star for a stored response without a tag", () => {
    expect(isNotModified({ ifNoneMatch: "*" }, {})).toBe(true);
  });

  it.each([undefined, "a"])(
    "gives the whole response for a stored response without a valid tag: %j",
    (etag) => {
      expect(isNotModified({ ifNoneMatch: '"a"' }, { etag })).toBe(false);
    },
  );

  it("decides alone, whatever If-Modified-Since is", () => {
    const request = { ifNoneMatch: '"b"', ifModifiedSince: later };

    expect(isNotModified(request, { etag: '"a"', lastModified: modified })).toBe(false);
  });
});

describe("If-Modified-Since", () => {
  it.each([modified, later])("gives 304 where nothing changed since: %s", (ifModifiedSince) => {
    expect(isNotModified({ ifModifiedSince }, { lastModified: modified })).toBe(true);
  });

  it("gives the whole response where something changed since", () => {
    expect(isNotModified({ ifModifiedSince: earlier }, { lastModified: modified })).toBe(false);
  });

  it.each(["yesterday", `${later}, ${later}`, ""])(
    "is ignored where it is not a date: %j",
    (ifModifiedSince) => {
      expect(isNotModified({ ifModifiedSince }, { lastModified: modified })).toBe(false);
    },
  );

  it("is compared with the stored Date where there is no Last-Modified", () => {
    const stored = { date: modifiedAt + 999 };

    expect([modified, earlier].map((ifModifiedSince) => isNotModified({ ifModifiedSince }, stored))).toEqual([
      true,
      false,
    ]);
  });

  it("gives the whole response where the stored response has no date at all", () => {
    expect(isNotModified({ ifModifiedSince: later }, {})).toBe(false);
  });

  it("gives the whole response where the stored Last-Modified cannot be read", () => {
    expect(isNotModified({ ifModifiedSince: later }, { lastModified: "yesterday", date: 0 })).toBe(false);
  });
});

describe("a 304", () => {
  it("has exactly the fields that RFC 9110 §15.4.5 lists", () => {
    const fields = toFields({
      "cache-control": "max-age=1",
      "content-length": 5,
      "content-location": "/a",
      "content-type": "text/plain",
      date: modified,
      etag: '"a"',
      expires: later,
      "last-modified": modified,
      "set-cookie": "a=1",
      vary: "accept",
    });

    expect(notModifiedFields(fields).map(([name]) => name)).toEqual([...NOT_MODIFIED_FIELDS]);
  });
});
