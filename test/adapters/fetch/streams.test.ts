import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { BrokenResponse } from "../../../src/testing/adapter-contract/client.ts";
import { bytes, fetchSite, quietCache, signal, streamed } from "../harness/fetch-site.ts";

describe("a streamed response of the fetch adapter", () => {
  it("reaches its client in parts while the handler has still to send the rest", async () => {
    const more = signal();
    const { client } = await fetchSite(() =>
      streamed(async function* () {
        yield bytes("first");
        await more.given;
        yield bytes("second");
      }),
    );

    const answer = await client.open({ path: "/" });
    const first = await answer.next();
    more.give();
    const second = await answer.next();

    expect([String(first), String(second), await answer.next()]).toEqual(["first", "second", undefined]);
  });

  it("sends its head before its first part", async () => {
    const more = signal();
    const handler = cacheRoute(quietCache(), {}, () =>
      streamed(async function* () {
        await more.given;
        yield bytes("late");
      }),
    );

    const response = await handler(new Request("http://a.test/"));
    more.give();

    expect([response.status, await response.text()]).toEqual([200, "late"]);
  });

  it("is stored once it has ended, so that the next request is a hit", async () => {
    const more = signal();
    const { client } = await fetchSite(() =>
      streamed(async function* () {
        yield bytes("one ");
        await more.given;
        yield bytes("two");
      }),
    );
    const miss = await client.open({ path: "/" });
    more.give();
    await miss.next();
    await miss.next();
    await miss.next();

    const hit = await client.ask({ path: "/" });

    expect([hit.header("x-cache"), hit.text, hit.header("content-length")]).toEqual(["HIT", "one two", "7"]);
  });

  it("closes the connection prematurely and is not stored if its source fails midway", async () => {
    const { client, cache } = await fetchSite(() =>
      streamed(async function* () {
        yield bytes("begun");
        await new Promise(setImmediate);
        throw new Error("the source broke");
      }),
    );

    await expect(client.ask({ path: "/" })).rejects.toThrow(BrokenResponse);

    expect(cache.stats().stored).toBe(0);
    expect(cache.stats().refusals.failed).toBe(1);
  });

  it("closes the connection prematurely and is not stored if its source fails before its first part", async () => {
    const { client, cache } = await fetchSite(() =>
      // oxlint-disable-next-line require-yield -- it fails before it yields
      streamed(async function* () {
        throw new Error("the source broke");
      }),
    );

    await expect(client.ask({ path: "/" })).rejects.toThrow(BrokenResponse);

    expect(cache.stats().stored).toBe(0);
  });

  it("stops its source and is not stored when the client disconnects", async () => {
    const cancelled = signal();
    const { client, cache } = await fetchSite(() =>
      streamed(async function* () {
        yield bytes("begun");
        await new Promise(() => undefined);
      }, cancelled.give),
    );
    const answer = await client.open({ path: "/" });
    await answer.next();

    answer.abort();
    await cancelled.given;

    expect(cache.stats().stored).toBe(0);
    expect(cache.stats().refusals.aborted).toBe(1);
  });

  it("is not stored when its server cancels it, though no signal is aborted", async () => {
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, () =>
      streamed(async function* () {
        yield bytes("begun");
        await new Promise(() => undefined);
      }),
    );
    const response = await handler(new Request("http://a.test/"));

    await response.body!.cancel();

    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { aborted: 1 } });
  });

  it("that never waits and never ends is sent, and does not prevent others from being served", async () => {
    const handler = cacheRoute(quietCache(), {}, () =>
      streamed(async function* () {
        for (;;) yield new Uint8Array();
      }),
    );

    const response = await handler(new Request("http://a.test/"));
    await response.body!.cancel();

    expect(response.status).toBe(200);
  });

  it("is not stored if its handler ended it early because the client had disconnected", async () => {
    const cache = quietCache();
    const gone = new AbortController();
    const handler = cacheRoute(cache, {}, (request) =>
      streamed(async function* () {
        yield bytes("half");
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      }),
    );
    const response = await handler(new Request("http://a.test/", { signal: gone.signal }));

    gone.abort();

    await expect(response.text()).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(cache.stats().stored).toBe(0);
  });

  it("is read only when its client reads", async () => {
    let made = 0;
    const handler = cacheRoute(quietCache(), { maxBodyBytes: 2 }, () =>
      streamed(async function* () {
        for (;;) yield bytes(`${made++}`);
      }),
    );

    const response = await handler(new Request("http://a.test/"));
    await new Promise(setImmediate);
    const madeAhead = made;
    const reader = response.body!.getReader();
    const parts = [await reader.read(), await reader.read(), await reader.read(), await reader.read()];
    await new Promise(setImmediate);

    expect(parts.map(({ value }) => String(value?.[0]))).toEqual(["48", "49", "50", "51"]);
    expect([madeAhead, made]).toEqual([3, 4]);
  });

  it("is stored and sent unchanged if its source uses one buffer for all parts", async () => {
    const { client } = await fetchSite(() => {
      const buffer = new Uint8Array(1);
      return streamed(async function* () {
        yield buffer.fill(0x61);
        yield buffer.fill(0x62);
      });
    });

    const miss = await client.ask({ path: "/" });
    const hit = await client.ask({ path: "/" });

    expect([miss.text, hit.text, hit.header("x-cache")]).toEqual(["ab", "ab", "HIT"]);
  });

  it("that is larger than the limit is sent whole and not stored", async () => {
    const { client, cache } = await fetchSite(
      () =>
        streamed(async function* () {
          yield bytes("12345");
          await new Promise(setImmediate);
          await new Promise(setImmediate);
          yield bytes("67890");
        }),
      { maxBodyBytes: 9 },
    );

    const answer = await client.ask({ path: "/" });

    expect(answer.text).toBe("1234567890");
    expect(cache.stats().refusals["too-large"]).toBe(1);
  });

  it("that sends texts in place of bytes is stored as their bytes", async () => {
    const handler = cacheRoute(quietCache(), {}, () => {
      const parts = ["na", "ïve"];
      const body = new ReadableStream<unknown>({
        pull: (controller) => {
          const part = parts.shift();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        },
      });
      return new Response(body as ReadableStream<Uint8Array>);
    });
    const sent = await (await handler(new Request("http://a.test/"))).text();

    const hit = await handler(new Request("http://a.test/"));

    expect(sent).toBe("naïve");
    expect([hit.headers.get("x-cache"), await hit.text()]).toEqual(["HIT", "naïve"]);
  });

  it("that sends neither bytes nor text breaks and is not stored", async () => {
    const cache = quietCache();
    const body = new ReadableStream<unknown>({
      start: (controller) => {
        controller.enqueue(new DataView(new ArrayBuffer(1)));
        controller.close();
      },
    });
    const handler = cacheRoute(cache, {}, () => new Response(body as ReadableStream<Uint8Array>));

    const response = await handler(new Request("http://a.test/"));

    await expect(response.text()).rejects.toThrow(TypeError);
    expect(cache.stats().stored).toBe(0);
  });
});
