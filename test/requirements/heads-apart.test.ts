import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import type { Read, Store } from "../../src/index.ts";
import { kitOf, said, serveOf } from "../support/kit.ts";

/** A store that reads heads apart from contents: content only where it was asked for, and other bytes each time. */
function headStore(): Store & { readonly asked: boolean[] } {
  const inner = memoryStore();
  const asked: boolean[] = [];
  return {
    name: "heads",
    shared: true,
    asked,
    get(key, choose, look) {
      asked.push(look.body);
      const read = inner.get(key, choose, look) as Read | undefined;
      if (read?.head === undefined || read.body === undefined) return read;
      const { vary, head, body } = read;
      return look.body ? { vary, head, body: body.slice() } : { vary, head };
    },
    set: (entry) => inner.set(entry),
    delete: (...given) => inner.delete(...given),
    clear: () => inner.clear(),
  };
}

function kit(route = {}): ReturnType<typeof kitOf> & { readonly asked: boolean[] } {
  const store = headStore();
  const made = kitOf({ cache: { store }, route: { ttl: 60, ...route } });
  made.ask({}, { headers: { etag: '"v1"', "content-type": "text/plain" }, body: "content" });
  store.asked.length = 0;
  return { ...made, asked: store.asked };
}

const text = (reply: { readonly body?: Uint8Array | undefined }): string =>
  new TextDecoder().decode(reply.body ?? new Uint8Array());

describe("a store that reads heads apart from contents", () => {
  it("is asked for a head alone where that leads to a 304", () => {
    const { now, asked } = kit();

    const { reply } = serveOf(now({ headers: { "if-none-match": '"v1"' } }));

    expect([reply.status, reply.body, said(reply, "etag"), asked]).toEqual([304, undefined, '"v1"', [false]]);
  });

  it("is asked for a head alone for a HEAD, whose Content-Length is that of the content", () => {
    const { now, asked } = kit();

    const { reply } = serveOf(now({ method: "HEAD" }));

    expect([reply.status, reply.body, said(reply, "content-length"), asked]).toEqual([
      200,
      undefined,
      "7",
      [false],
    ]);
  });

  it("is asked again, for the content, where the client has another representation", () => {
    const { now, asked } = kit();

    const { reply } = serveOf(now({ headers: { "if-none-match": '"v0"' } }));

    expect([reply.status, text(reply), asked]).toEqual([200, "content", [false, true]]);
  });

  it("is asked for the content of a hit each time, and the same head has the same fields", () => {
    const { now, asked } = kit();

    const replies = [1, 2, 3].map(() => serveOf(now()).reply);

    expect(replies.map(text)).toEqual(["content", "content", "content"]);
    expect(new Set(replies.map(({ body }) => body)).size).toBe(3);
    expect(replies.map(({ fields }) => fields)).toEqual([1, 2, 3].map(() => replies[0]?.fields));
    expect(asked).toEqual([true, true, true]);
  });

  it("is sent no content of an earlier read with a later one", () => {
    const { now, clock } = kit();
    const bare = serveOf(now({ method: "HEAD" })).reply;
    const whole = serveOf(now()).reply;
    const part = serveOf(now({ headers: { range: "bytes=3-" } })).reply;
    clock.advance(1);

    const next = serveOf(now()).reply;

    expect([bare, whole, part, next].map(text)).toEqual(["", "content", "tent", "content"]);
    expect(said(next, "content-length")).toBe("7");
  });

  it("is asked for the content of what is stale, since the handler may send a 304", () => {
    const { ask, clock, asked } = kit({ revalidate: true });
    clock.advance(61);

    ask({ headers: { "if-none-match": '"v1"' } }, { status: 304, headers: { etag: '"v1"' } });

    expect(asked).toEqual([false, true]);
  });
});
