import { describe, expect, it } from "vitest";
import { Backoff } from "../../src/core/backoff.ts";
import { Capture } from "../../src/core/capture.ts";
import { memoryStore } from "../../src/index.ts";
import { answer, fillOf, kitOf, openWith } from "./support.ts";

describe("what the simulation found", () => {
  it("a refresh that took too long and then failed counts as one failure", () => {
    // given
    const backoff = new Backoff();
    const run = {};

    // when
    backoff.failed("key", 0, run);
    backoff.failed("key", 500, run);

    // then
    expect([backoff.holds("key", 999), backoff.holds("key", 1000)]).toEqual([true, false]);
  });

  it("content that is too large to keep and not as long as it was said to be counts as truncated", () => {
    // given
    const capture = new Capture(3, undefined);
    void capture.flow.read(() => undefined);

    // when
    capture.write("abcdef");

    // then
    expect(capture.end("7")).toBe("truncated");
  });

  it("an answer to HEAD that a purge by tag has overtaken freshens nothing", async () => {
    // given
    const store = memoryStore();
    const kit = kitOf({ cache: { store }, route: { ttl: 1, revalidate: true, tags: ["reports"] } });
    answer(fillOf(kit.now()), { headers: { etag: '"1"' } });
    kit.clock.advance(2);
    const head = fillOf(kit.now({ method: "HEAD" }));
    const written: unknown[] = [];
    const set = store.set.bind(store);
    store.set = (entry) => (written.push(entry), set(entry));

    // when
    await kit.cache.invalidate({ tag: "reports" });
    openWith(head, { headers: { etag: '"1"' } }).complete(undefined);

    // then
    expect(written).toEqual([]);
  });
});
