import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler, FetchOptions } from "../../../src/adapters/fetch.ts";
import { bytes, quietCache, signal, streamed } from "../harness/fetch-site.ts";
import type { Signal } from "../harness/fetch-site.ts";

const ask = (init: RequestInit = {}): Request => new Request("http://a.test/", init);

describe("a stream that several clients of the fetch adapter read", () => {
  it("goes on for a follower when the signal of its leader is aborted, and is stored", async () => {
    const { more, handler, cache } = inTwoParts();
    const leader = new AbortController();
    const first = await handler(ask({ signal: leader.signal }));
    const follower = await handler(ask());

    leader.abort();
    more.give();

    expect(await follower.text()).toBe("one two");
    await expect(first.text()).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(cache.stats()).toMatchObject({ stored: 1, outcomes: { miss: 1, collapsed: 1 } });
  });

  it("is stopped, with the signal of its handler, when the last of them has disconnected", async () => {
    const { handler, cache, seen, cancelled } = inTwoParts();
    const [leader, second] = [new AbortController(), new AbortController()];
    await handler(ask({ signal: leader.signal }));
    await handler(ask({ signal: second.signal }));

    leader.abort();
    const afterFirst = seen[0]!.signal.aborted;
    second.abort();
    await cancelled.given;

    expect([afterFirst, seen[0]!.signal.aborted]).toEqual([false, true]);
    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { aborted: 1 } });
  });

  it("is stopped when its readers cancel their bodies, though no signal is aborted", async () => {
    const { handler, cancelled } = inTwoParts();
    const [first, second] = [await handler(ask()), await handler(ask())];

    await Promise.all([first.body!.cancel(), second.body!.cancel()]);

    await expect(cancelled.given).resolves.toBeUndefined();
  });

  it("is left by a client that disconnected while it waited for the head", async () => {
    const [head, more] = [signal(), signal()];
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, async () => {
      await head.given;
      return streamed(() => twoParts(more));
    });
    const [leader, gone] = [new AbortController(), new AbortController()];
    const first = handler(ask({ signal: leader.signal }));
    const second = handler(ask({ signal: gone.signal }));

    gone.abort();
    head.give();
    await Promise.all([first, second]);
    leader.abort();

    await expect(Promise.resolve(second).then((response) => response.text())).rejects.toThrow(/aborted/);
    expect(cache.stats().refusals.aborted).toBe(1);
  });

  it("is read for followers alone if its leader disconnected before the head", async () => {
    const head = signal();
    const more = signal();
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, async () => {
      await head.given;
      return streamed(() => twoParts(more));
    });
    const leader = new AbortController();
    const first = handler(ask({ signal: leader.signal }));
    const follower = handler(ask());

    leader.abort();
    head.give();
    const second = await follower;
    more.give();

    expect(await second.text()).toBe("one two");
    await expect(Promise.resolve(first).then((response) => response.text())).rejects.toThrow(/aborted/);
    expect(cache.stats().stored).toBe(1);
  });

  it("is not changed by a client that changes the parts that it is sent", async () => {
    const { more, handler } = inTwoParts();
    const [first, second] = [await handler(ask()), await handler(ask())];
    more.give();

    const part = (await first.body!.getReader().read()).value!;
    part.fill(0x78);
    structuredClone(part, { transfer: [part.buffer] });

    expect(await second.text()).toBe("one two");
    expect(await (await handler(ask())).text()).toBe("one two");
  });

  it("is read no further ahead of its client than may be buffered", async () => {
    let made = 0;
    const handler = cacheRoute(quietCache(), { maxBodyBytes: 3 }, () =>
      streamed(async function* () {
        await new Promise(setImmediate);
        await new Promise(setImmediate);
        for (;;) yield bytes(`${made++ % 10}`);
      }),
    );
    const response = await handler(ask());

    await settled();
    const madeAhead = made;
    const reader = response.body!.getReader();
    const read = await readParts(reader, 7);
    await settled();

    expect([madeAhead, read]).toEqual([4, "0123456"]);
    expect(made).toBeLessThanOrEqual(8);
    await reader.cancel();
  });

  it("does not prevent others from being served if it never waits and never ends", async () => {
    const handler = cacheRoute(quietCache(), {}, () =>
      streamed(async function* () {
        for (;;) yield new Uint8Array();
      }),
    );
    const response = await handler(ask());

    await settled();
    const other = await handler(ask());
    await Promise.all([response.body!.cancel(), other.body!.cancel()]);

    expect(other.status).toBe(200);
  });
});

describe("a handler of the fetch adapter with its client's own signal", () => {
  it("is stopped after a head that makes the response private", async () => {
    const client = new AbortController();
    const seen: Request[] = [];
    const handler = cacheRoute(quietCache(), {}, (request) => {
      seen.push(request);
      const headers = { "cache-control": "no-store" };
      return new Response(streamed(() => twoParts(signal())).body, { headers });
    });
    await handler(ask({ signal: client.signal }));

    client.abort();

    expect(seen[0]!.signal.aborted).toBe(true);
  });

  it("is stopped, too, if its first part is larger than may be stored", async () => {
    const { handler, seen } = inTwoParts({ maxBodyBytes: 1 });
    const client = new AbortController();
    await handler(ask({ signal: client.signal }));

    client.abort();

    expect(seen[0]!.signal.aborted).toBe(true);
  });

  it("is replaced for those who wait if content of its request was still to come from a client that has disconnected", async () => {
    const cache = quietCache();
    const handler = cacheRoute(cache, { methods: ["POST"], key: () => "one" }, async (request) => {
      if (request.headers.has("x-first"))
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return new Response(request.signal.aborted ? "half" : "whole");
    });
    const client = new AbortController();
    const post = { method: "POST", body: "x" };
    const first = handler(ask({ ...post, headers: { "x-first": "1" }, signal: client.signal }));
    const second = handler(ask(post));

    client.abort();

    expect(await (await second).text()).toBe("whole");
    await expect(Promise.resolve(first).then((response) => response.text())).rejects.toThrow(/aborted/);
    expect(cache.stats()).toMatchObject({ stored: 1, refusals: { aborted: 1 } });
  });

  it("has no incomplete response stored if content of its request was still to come from the client", async () => {
    const { handler, cache, seen } = inTwoParts({ methods: ["POST"], key: () => "one" });
    const client = new AbortController();
    const request = ask({ method: "POST", body: "x", signal: client.signal });
    const first = await handler(request);
    const second = await handler(ask({ method: "POST", body: "x" }));

    client.abort();

    expect(seen[0]).toBe(request);
    await expect(second.text()).rejects.toThrow(/ended prematurely/);
    await expect(first.text()).rejects.toThrow(/aborted/);
    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { aborted: 1 } });
  });
});

async function readParts(reader: ReadableStreamDefaultReader<Uint8Array>, count: number): Promise<string> {
  const parts: string[] = [];
  while (parts.length < count) parts.push(String.fromCharCode(...((await reader.read()).value ?? [])));
  return parts.join("");
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

async function* twoParts(more: Signal): AsyncGenerator<Uint8Array> {
  yield bytes("one ");
  await more.given;
  yield bytes("two");
}

/** A cached handler whose stream waits before its second part. */
function inTwoParts(options: FetchOptions = {}): {
  readonly handler: FetchHandler;
  readonly cache: ReturnType<typeof quietCache>;
  readonly more: Signal;
  readonly cancelled: Signal;
  readonly seen: readonly Request[];
} {
  const [more, cancelled, cache] = [signal(), signal(), quietCache()];
  const seen: Request[] = [];
  const handler = cacheRoute(cache, options, (request) => {
    seen.push(request);
    return streamed(() => twoParts(more), cancelled.give);
  });
  return { handler, cache, more, cancelled, seen };
}
