import { describe, expect, it } from "vitest";
import { fillOf, kitOf, openWith, said, serveOf, textOf } from "../support/kit.ts";

describe("a response that flows in parts", () => {
  it("is sent at once, and stored when it has ended", () => {
    const { now, cache } = kitOf();
    const { status, fields, sink } = openWith(fillOf(now()), {
      headers: { "content-type": "text/plain" },
    }).stream();
    sink?.write("one ");
    sink?.write(new TextEncoder().encode("two"));
    const before = cache.stats().stored;

    sink?.end();

    expect([status, said({ fields }, "content-type"), before]).toEqual([200, "text/plain", 0]);
    const hit = serveOf(now()).reply;
    expect([textOf(hit), said(hit, "content-length"), said(hit, "etag")]).toEqual([
      "one two",
      "7",
      expect.any(String),
    ]);
  });

  it("is copied, so that a buffer that is used again changes nothing", () => {
    const { now } = kitOf();
    const { sink } = openWith(fillOf(now())).stream();
    const buffer = new TextEncoder().encode("first");
    sink?.write(buffer);
    buffer.fill(0);

    sink?.end();

    expect(textOf(serveOf(now()).reply)).toBe("first");
  });

  it("is not stored where its source fails", () => {
    const { now, cache } = kitOf();
    const { sink } = openWith(fillOf(now())).stream();
    sink?.write("half");

    sink?.abandon("aborted");
    sink?.end();
    sink?.write("more");

    expect([now().kind, cache.stats().stored, cache.stats().refusals]).toEqual(["fill", 0, { aborted: 1 }]);
  });

  it("is not stored where it is shorter than its Content-Length", () => {
    const { now, cache } = kitOf();
    const { sink } = openWith(fillOf(now()), { headers: { "content-length": "10" } }).stream();
    sink?.write("half");

    sink?.end();

    expect([now().kind, cache.stats().refusals]).toEqual(["fill", { truncated: 1 }]);
  });

  it("is not stored where it is larger than maxBodyBytes, and nothing of it is kept", () => {
    const { now, cache } = kitOf({ route: { maxBodyBytes: 4 } });
    const open = openWith(fillOf(now()));
    const { sink } = open.stream();

    sink?.write("12345");
    sink?.write("6");
    sink?.end();

    expect([open.storable, now().kind, cache.stats().refusals]).toEqual([false, "fill", { "too-large": 1 }]);
  });
});

describe("a whole response", () => {
  it("is copied, so that a handler's buffer that is used again changes nothing", () => {
    const { now } = kitOf();
    const buffer = new TextEncoder().encode("first");
    openWith(fillOf(now())).complete(buffer);

    buffer.fill(0);

    expect(textOf(serveOf(now()).reply)).toBe("first");
  });

  it("is not stored where its length is not its Content-Length", () => {
    const { now, cache } = kitOf();

    openWith(fillOf(now()), { headers: { "content-length": "4" } }).complete("first");

    expect(cache.stats().refusals).toEqual({ truncated: 1 });
  });
});
