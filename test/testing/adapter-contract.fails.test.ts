import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import {
  altered,
  buffered,
  left,
  mended,
  omit,
  queued,
  refilled,
  remade,
  remaking,
  reopened,
  sabotaged,
  unbroken,
  unread,
} from "./sabotage.ts";
import type { Sabotage } from "./sabotage.ts";

const refusesNothing = "a key function that returns nothing fails its request, and nothing is shared";

const slips: readonly (readonly [slip: string, check: string, sabotage: Sabotage])[] = [
  [
    "has no cache at all",
    "the first request is a miss; the second is a hit and does not run the handler",
    { route: (route) => omit(route, "options") },
  ],
  [
    "does not note when a request arrives",
    "what a before guard may have read ahead of an invalidation is not stored",
    { record: (record) => altered(record, { arrivedAt: undefined }) },
  ],
  [
    "does not note when a request arrives",
    "what a framework guard may have read ahead of an invalidation is not stored",
    { record: (record) => altered(record, { arrivedAt: undefined }) },
  ],
  [
    "looks up before the guard",
    "a request that a framework guard refuses gets 401 and is not looked up",
    { route: (route) => omit(route, "guard") },
  ],
  [
    "holds a stream back",
    "a stream's first byte is not held back, and a stream that ends cleanly is stored",
    { route: buffered },
  ],
  ["queues its requests", "a request with credentials waits for no other run", { route: queued }],
  [
    "lets the handler see conditions",
    "the handler of a cached miss sees neither conditions nor ranges",
    { decision: (made) => (made.kind === "fill" ? refilled(made, { hidden: [] }) : made) },
  ],
  [
    "lets the handler see undeclared parameters",
    "an undeclared parameter is neither in the key nor seen by the handler",
    { decision: (made) => (made.kind === "fill" ? refilled(made, { target: undefined }) : made) },
  ],
  [
    "takes two routes for one",
    "two routes on one URL share nothing",
    { route: (route) => ({ ...route, options: { ...route.options, key: () => "one" } }) },
  ],
  [
    "stores what a middleware said",
    "a field of earlier middleware is not stored",
    {
      decision: (made) =>
        made.kind === "fill"
          ? refilled(made, {
              open: (head) => made.open({ ...head, fields: [...(head.earlier ?? []), ...head.fields] }),
            })
          : made,
    },
  ],
  [
    "forgets what a middleware said",
    "Cache-Control that earlier middleware set is obeyed",
    {
      decision: (made) =>
        made.kind === "fill" ? refilled(made, { open: (head) => made.open({ ...head, earlier: [] }) }) : made,
    },
  ],
  [
    "takes a broken stream for a whole one",
    "a stream that fails midway breaks the connection and stores nothing",
    { decision: (made) => reopened(made, unbroken) },
  ],
  [
    "takes a client's abort for the end",
    "a client that disconnects midway leaves nothing stored",
    { decision: (made) => reopened(made, (open) => left(open, (sink) => sink.end())) },
  ],
  [
    "sends a length with a 304",
    "a 304 has exactly the fields that RFC 9110 §15.4.5 lists",
    {
      decision: (made) =>
        made.kind === "serve"
          ? { ...made, reply: { ...made.reply, fields: [...made.reply.fields, ["last-modified", "x"]] } }
          : made,
    },
  ],
  [
    "keeps one cookie of several",
    'setCookie "store" replays every cookie, in order',
    {
      decision: (made) =>
        made.kind === "serve"
          ? {
              ...made,
              reply: {
                ...made.reply,
                fields: made.reply.fields.map(
                  ([name, value]) => [name, [value].flat().at(-1) ?? ""] as const,
                ),
              },
            }
          : made,
    },
  ],
  [
    "turns bytes into text",
    "binary content is replayed byte for byte",
    {
      decision: (made) =>
        made.kind === "serve"
          ? {
              ...made,
              reply: { ...made.reply, body: Buffer.from(Buffer.from(made.reply.body ?? []).toString()) },
            }
          : made,
    },
  ],
  [
    "ignores the host",
    "two hosts share nothing",
    { record: (record) => altered(record, { origin: "http://a" }) },
  ],
  [
    "takes another host than the handler may",
    "a request whose target names another host than its Host does not decide what others get",
    { record: (record) => altered(record, { origin: "http://shop.test" }) },
  ],
  [
    "ignores the query",
    "a repeated parameter differs from a single one",
    { record: (record) => altered(record, { target: "/a" }) },
  ],
  [
    "takes HEAD for GET",
    "a HEAD request never writes an entry",
    { record: (record) => altered(record, { method: "GET" }) },
  ],
  [
    "hides credentials from the cache",
    "a request with Cookie is neither looked up nor stored",
    {
      record: (record) =>
        altered(record, { header: (name) => (name === "cookie" ? undefined : record.header(name)) }),
    },
  ],
  [
    "does not say that a GET has content",
    "a GET with content bypasses the cache: it stores nothing and is served nothing stored",
    {
      record: (record) =>
        altered(record, {
          header: (name) => (name === "content-length" ? undefined : record.header(name)),
        }),
    },
  ],
  [
    "keeps the content of a POST out of the key",
    "a cached POST has its content in its key",
    { record: (record) => altered(record, { content: () => "" }) },
  ],
  [
    "swallows the errors of begin",
    refusesNothing,
    {
      begin: (run) => {
        try {
          return run();
        } catch {
          return { kind: "bypass", outcome: "bypass", reason: "method", fields: [] };
        }
      },
    },
  ],
  [
    "cannot run a handler without its client",
    "a crowd on a stale response is served it at once, and one refresh runs in the background",
    { record: (record) => altered(record, { refresh: undefined }) },
  ],
  [
    "shows a refresh its client's conditions",
    "a refresh repeats its client's request without the client's conditions",
    {
      record: (record) =>
        altered(record, { refresh: (fill) => record.refresh?.(refilled(fill, { hidden: [] })) }),
    },
  ],
  [
    "says nothing of a refresh that failed",
    "a refresh that throws keeps the entry, is reported to onError and is retried a second later",
    {
      record: (record) =>
        altered(record, {
          refresh: (fill) => record.refresh?.(refilled(fill, { abandon: () => undefined })),
        }),
    },
  ],
  [
    "begins a refresh and takes nothing in",
    "a refresh that streams is stored",
    {
      record: (record) =>
        altered(record, {
          refresh: (fill) => record.refresh?.(refilled(fill, { open: (head) => unread(fill.open(head)) })),
        }),
    },
  ],
  [
    "gives a run up with its client, before the head",
    "a leader whose client disconnects before the head goes on for its followers",
    {
      decision: (made) =>
        made.kind === "fill" ? refilled(made, { leave: () => (made.abandon("aborted"), false) }) : made,
    },
  ],
  [
    "gives a run up with its client, midway",
    "a leader whose client disconnects midway goes on for its followers",
    { decision: (made) => reopened(made, (open) => left(open, (sink) => sink.abandon("aborted"))) },
  ],
  [
    "does not tell that its readers have gone",
    "a stream is not stored once all its readers have disconnected",
    { decision: (made) => reopened(made, (open) => left(open, () => undefined)) },
  ],
  [
    "ends cleanly for who follows what broke",
    "a stream that breaks midway breaks each follower's connection, and stores nothing",
    { decision: (made) => (made.kind === "follow" ? { ...made, content: mended(made.content) } : made) },
  ],
  [
    "says again what the handler took away",
    "a field that the handler removes is absent from every response: miss, hit, HEAD, 304, 206",
    { decision: (made) => remaking(made, { removed: [] }) },
  ],
  [
    "gives a follower what the handler took away",
    "a field that the handler removes is absent from what followers get",
    { decision: (made) => (made.kind === "follow" ? { ...made, making: undefined } : made) },
  ],
  [
    "says an addition in the place of what is there",
    "a line that the handler adds to a field follows this request's own lines: miss, hit, HEAD, 206",
    { decision: (made) => remaking(made, { added: [] }) },
  ],
  [
    "does not look at its head as it goes out",
    "a page whose cookie is added as its head is sent is not shared: sent whole",
    { decision: (made) => reopened(made, (open) => remade(open, { defer: () => () => [] })) },
  ],
  [
    "lets in who waits before its head is out",
    "a waiting request does not get a page whose cookie is added as its head is sent",
    { decision: (made) => reopened(made, (open) => remade(open, { defer: () => () => [] })) },
  ],
  [
    "writes a hit as text",
    "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: text",
    {
      decision: (made) =>
        made.kind === "serve"
          ? {
              ...made,
              reply: { ...made.reply, body: Buffer.from(made.reply.body ?? []).toString() as never },
            }
          : made,
    },
  ],
  [
    "follows before its guard",
    "a follower passes the guard first",
    { route: (route) => omit(route, "guard") },
  ],
];

describe("the adapter contract", () => {
  it.each(slips)("catches an adapter that %s", { timeout: 20_000 }, async (_, name, sabotage) => {
    const check = adapterContract(sabotaged(sabotage), { bound: 0.5 }).find((one) => one.name === name);

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("fails with an AssertionError that tells what was expected", async () => {
    const [check] = adapterContract(sabotaged({ route: (route) => omit(route, "options") }));

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("leaves out what a harness declines", () => {
    const all = adapterContract(sabotaged({}));
    const harness = { ...sabotaged({}), declined: { [refusesNothing]: "a reason" } };

    const names = adapterContract(harness).map(({ name }) => name);

    expect(names).toHaveLength(all.length - 1);
    expect(names).not.toContain(refusesNothing);
  });

  it("refuses a harness that declines a check that does not exist", () => {
    const harness = { ...sabotaged({}), declined: { "no such check": "a reason" } };

    expect(() => adapterContract(harness)).toThrow(/declines checks that do not exist: no such check/);
  });

  it("names each check once", () => {
    const names = adapterContract(sabotaged({})).map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
  });

  it("passes where nothing is wrong", async () => {
    const name = "the first request is a miss; the second is a hit and does not run the handler";
    const check = adapterContract(sabotaged({})).find((one) => one.name === name);

    await expect(check?.run()).resolves.toBeUndefined();
  });
});
