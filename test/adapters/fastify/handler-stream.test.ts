import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { settled, stage, until } from "./support.ts";

const cached = { cache: { ttl: 60 } };

describe("a stream of which nothing will be stored", () => {
  it("is sent as the handler's own, and hooks see that one", async () => {
    const sent: unknown[] = [];
    const seen: unknown[] = [];
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", cached, async (_request, reply) => {
          const stream = Readable.from(["for", " one"]);
          sent.push(stream);
          return reply.header("cache-control", "private").type("text/plain").send(stream);
        });
      },
      (app) => app.addHook("onSend", async (_request, _reply, payload) => void seen.push(payload)),
    );

    const answer = await client.ask({ path: "/a" });

    expect([answer.status, answer.text, answer.header("x-cache")]).toEqual([200, "for one", "MISS"]);
    expect(answer.header("cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;detail=private");
    expect(seen[0]).toBe(sent[0]);
    expect(cache.stats().refusals).toEqual({ private: 1 });
  });

  it("is not stored either where a hook takes back what forbade it", async () => {
    let runs = 0;
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", cached, async (_request, reply) => {
          runs++;
          return reply
            .header("set-cookie", "session=1")
            .type("text/plain")
            .send(Readable.from(["mine"]));
        });
      },
      (app) => app.addHook("onSend", async (_request, reply) => void reply.removeHeader("set-cookie")),
    );

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map((answer) => [answer.text, answer.header("x-cache")])).toEqual([
      ["mine", "MISS"],
      ["mine", "MISS"],
    ]);
    expect([runs, cache.stats().stored]).toEqual([2, 0]);
    expect(cache.stats().refusals).toEqual({ "set-cookie": 2 });
  });

  it("may still be replaced by a hook", async () => {
    const { client } = await stage(
      (app) => {
        app.get("/a", cached, async (_request, reply) =>
          reply
            .header("cache-control", "no-store")
            .type("text/plain")
            .send(Readable.from(["small"])),
        );
      },
      (app) =>
        app.addHook("onSend", async (_request, _reply, payload) =>
          (await text(payload as Readable)).toUpperCase(),
        ),
    );

    const answer = await client.ask({ path: "/a" });

    expect([answer.status, answer.text, answer.header("x-cache")]).toEqual([200, "SMALL", "MISS"]);
  });

  it.each<[string, () => unknown]>([
    ["a web stream", () => new Response("for one").body],
    ["a Response", () => new Response("for one", { headers: { "x-own": "1" } })],
  ])("may be %s", async (_kind, make) => {
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) =>
        reply.header("cache-control", "private").type("text/plain").send(make()),
      );
    });

    const answer = await client.ask({ path: "/a" });

    expect([answer.text, answer.header("x-cache")]).toEqual(["for one", "MISS"]);
    expect(cache.stats().refusals).toEqual({ private: 1 });
  });

  it("is stopped where its client goes away", async () => {
    const streams: Readable[] = [];
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => {
        const stream = new Readable({ read: () => undefined });
        stream.push("begun");
        streams.push(stream);
        return reply.header("cache-control", "private").send(stream);
      });
    });

    const answer = await client.open({ path: "/a" });
    answer.abort();

    await expect.poll(() => streams[0]?.destroyed).toBe(true);
  });
});

describe("a handler's stream that nobody wants any more", () => {
  const part = (): Promise<Buffer> => new Promise((resolve) => setImmediate(resolve, Buffer.from("part")));

  it.each([
    [
      "a Node stream is destroyed",
      (told: (sign: unknown) => void) => {
        const parts = async function* (): AsyncGenerator<Buffer> {
          try {
            for (;;) yield await part();
          } catch (error) {
            told(error);
          }
        };
        return Readable.from(parts())
          .on("error", told)
          .on("close", () => told(undefined));
      },
    ],
    [
      "a web stream is cancelled",
      (told: (sign: unknown) => void) =>
        new ReadableStream({
          pull: async (to) => to.enqueue(await part()),
          cancel: (reason) => told(reason ?? undefined),
        }),
    ],
  ])("is ended without an error: %s", async (_kind, make) => {
    const signs: unknown[] = [];
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.send(make((sign) => signs.push(sign))));
    });
    const reader = await client.open({ path: "/a" });
    await reader.next();
    reader.abort();
    await until(() => signs.length > 0);
    await settled(() => signs.length);

    expect(signs).toEqual([undefined]);
  });
});
