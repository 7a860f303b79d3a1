import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { collectGarbage } from "../harness/collect-garbage.ts";
import { fetchSite, quietCache, signal, streamed } from "../harness/fetch-site.ts";

const URL_A = "http://a.test/";

describe("clients of the fetch adapter", () => {
  it("that request a cold key in a crowd of 100 share one run", async () => {
    let runs = 0;
    const { client } = await fetchSite(() => new Response(`run ${++runs}`));

    const answers = await Promise.all(Array.from({ length: 100 }, () => client.ask({ path: "/" })));

    expect(runs).toBe(1);
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["run 1"]));
  });

  it("that wait for a leader get its response if the leader disconnects, and its handler does not notice", async () => {
    const [goesOn, leader] = [signal(), new AbortController()];
    const noticed: boolean[] = [];
    const handler = cacheRoute(quietCache(), {}, async (request) => {
      await goesOn.given;
      return new Response(`run ${noticed.push(request.signal.aborted)}`);
    });
    void handler(new Request(URL_A, { signal: leader.signal }));
    const followers = [handler(new Request(URL_A)), handler(new Request(URL_A))];

    leader.abort();
    goesOn.give();
    const texts = await Promise.all(followers.map(async (response) => (await response).text()));

    expect(texts).toEqual(["run 1", "run 1"]);
    expect(noticed).toEqual([false]);
  });

  it("that disconnect behind another response on their connection do not keep the run that they follow", async () => {
    const [isFollowed, stopped] = [signal(), signal()];
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await isFollowed.given;
      for (;;) yield new Uint8Array(65_536);
    };
    const { cache, client } = await fetchSite(async (request) => {
      if (request.url.endsWith("/large")) return streamed(endless, stopped.give);
      await stopped.given;
      return new Response("too late");
    });
    const leader = client.start({ path: "/large" });
    const [message] = (await once(leader, "response")) as [IncomingMessage];
    const { socket } = client.ahead(["/first", "/large"]);
    await expect.poll(() => cache.stats().outcomes.collapsed).toBe(1);
    // The follower takes what its server holds for it, which is less, and then no more.
    let received = 0;
    message.on("error", () => undefined).on("data", (part: Buffer) => (received += part.length));
    isFollowed.give();
    await expect.poll(() => received).toBeGreaterThan(4_000_000);

    socket.destroy();
    leader.destroy();

    await expect(stopped.given).resolves.toBeUndefined();
  });

  it("that have still to read a response are sent all of it, though the one after it ends prematurely", async () => {
    const broke = signal();
    const { client } = await fetchSite((request) => {
      if (request.url.endsWith("/first")) return new Response("x".repeat(400_000));
      if (request.url.endsWith("/other")) return new Response("other");
      return streamed(async function* () {
        // More than is taken of it before its turn.
        for (let parts = 0; parts < 20; parts++) yield new Uint8Array(65_536);
        broke.give();
        throw new Error("it breaks off");
      });
    });
    const { socket, ended } = client.ahead(["/first", "/broken"]);
    socket.pause();
    await broke.given;
    await client.ask({ path: "/other" });

    socket.resume();

    expect((await ended).match(/x{1000,}/)?.[0]).toHaveLength(400_000);
  });

  it("that disconnect stop a handler that keeps nothing but its signal, whatever was collected meanwhile", async () => {
    const client = new AbortController();
    const [runs, told] = [signal(), signal()];
    const handler = cacheRoute(quietCache(), {}, async (request) => {
      const { signal: disconnect } = request;
      runs.give();
      await once(disconnect, "abort");
      told.give();
      return new Response("too late");
    });
    // A server keeps its request.
    const request = new Request(URL_A, { signal: client.signal });
    void handler(request);
    await runs.given;
    await collectGarbage();

    client.abort();

    expect(request.signal.aborted).toBe(true);
    await expect(told.given).resolves.toBeUndefined();
  });

  it("that disconnect while nobody waits stop their handler", async () => {
    const client = new AbortController();
    const told = signal();
    const handler = cacheRoute(quietCache(), {}, async (request) => {
      request.signal.addEventListener("abort", told.give);
      await told.given;
      throw request.signal.reason;
    });
    const response = handler(new Request(URL_A, { signal: client.signal }));

    client.abort(new Error("gone"));

    await expect(response).rejects.toThrow("gone");
  });

  it("that disconnected while their handler ran have nothing stored, because it may be incomplete", async () => {
    const cache = quietCache();
    const client = new AbortController();
    const handler = cacheRoute(cache, {}, async () => {
      client.abort();
      return new Response("");
    });

    const response = await handler(new Request(URL_A, { signal: client.signal }));

    expect(response.headers.has("x-cache")).toBe(false);
    expect(cache.stats().stored).toBe(0);
    expect(cache.stats().refusals.aborted).toBe(1);
  });

  it("that disconnected while they waited do not run the handler in their turn", async () => {
    const leaderFails = signal();
    let runs = 0;
    const handler = cacheRoute(quietCache(), {}, async () => {
      if (++runs > 1) return new Response(`run ${runs}`);
      await leaderFails.given;
      throw new Error("the handler failed");
    });
    const second = new AbortController();
    const answers = [
      handler(new Request(URL_A)),
      handler(new Request(URL_A, { signal: second.signal })),
      handler(new Request(URL_A)),
    ];

    second.abort();
    leaderFails.give();
    const [, gone, third] = await Promise.allSettled(answers.map((answer) => Promise.resolve(answer)));

    expect(gone).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
    expect(third).toMatchObject({ status: "fulfilled" });
    expect(runs).toBe(2);
  });

  it("get the handler's own error, once, and the next one a run of their own", async () => {
    const error = new Error("the handler failed");
    let runs = 0;
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, () => {
      if (++runs === 1) throw error;
      return new Response("whole");
    });

    await expect(handler(new Request(URL_A))).rejects.toBe(error);
    const next = await handler(new Request(URL_A));

    expect(await next.text()).toBe("whole");
    expect(cache.stats()).toMatchObject({ stored: 1, refusals: { failed: 1 } });
  });

  it("do not wait forever for a handler that returns no response", async () => {
    let runs = 0;
    const handler = cacheRoute(quietCache(), {}, (() =>
      ++runs === 1 ? undefined : new Response("whole")) as () => Response);

    const [broken, next] = await Promise.allSettled([
      handler(new Request(URL_A)),
      handler(new Request(URL_A)),
    ]);

    expect(broken).toMatchObject({ status: "rejected", reason: expect.any(TypeError) });
    expect(next).toMatchObject({ status: "fulfilled" });
  });

  it("have no listener on their signal after the response", async () => {
    const client = new AbortController();
    const request = new Request(URL_A, { signal: client.signal });
    const listening = new Set<unknown>();
    request.signal.addEventListener = (_: string, listener: unknown) => void listening.add(listener);
    request.signal.removeEventListener = (_: string, listener: unknown) => void listening.delete(listener);
    const during: number[] = [];
    const handler = cacheRoute(quietCache(), {}, () => {
      during.push(listening.size);
      return new Response("a");
    });

    await handler(request);

    expect([during, listening.size]).toEqual([[1], 0]);
  });

  it("are served like others if their runtime gives requests no signal", async () => {
    const request = Object.defineProperty(new Request(URL_A), "signal", { value: undefined });
    const handler = cacheRoute(quietCache(), {}, () => new Response("a"));
    await handler(request);

    const hit = await handler(request);

    expect(hit.headers.get("x-cache")).toBe("HIT");
  });
});

describe("the requests that handlers were given", () => {
  it("are collected once they have been answered, with the signals of their clients", async () => {
    const seen: WeakRef<object>[] = [];
    const handler = cacheRoute(quietCache(), {}, (request) => {
      seen.push(new WeakRef(request), new WeakRef(request.signal));
      return new Response("a");
    });
    for (let at = 0; at < 100; at++) {
      const { signal: client } = new AbortController();
      await (await handler(new Request(`${URL_A}${at}`, { signal: client }))).text();
    }
    for (let round = 0; round < 5; round++) await collectGarbage();

    expect(seen.length).toBe(200);
    expect(seen.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(20);
  });
});
