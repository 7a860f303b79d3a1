import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import type { RequestRecord } from "../../src/adapter.ts";
import { adapterContract } from "../../src/testing/index.ts";
import {
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

const refusesNothing = "a key function that answers nothing fails its request and shares nothing";

const slips: readonly (readonly [slip: string, check: string, sabotage: Sabotage])[] = [
  [
    "has no cache at all",
    "the first request is a miss, the second a hit that does not enter the handler",
    { route: (route) => omit(route, "options") },
  ],
  [
    "looks up before the guard",
    "a request that a framework guard refuses gets 401 and looks nothing up",
    { route: (route) => omit(route, "guard") },
  ],
  [
    "holds a stream back",
    "a stream's first byte is not held back, and its clean end is stored",
    { route: buffered },
  ],
  ["queues its requests", "requests with credentials wait for nobody", { route: queued }],
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
    "what a middleware says before the cache is not stored",
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
    "Cache-Control that a middleware said before the cache is heeded",
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
    "a client that goes away midway leaves nothing behind",
    { decision: (made) => reopened(made, (open) => left(open, (sink) => sink.end())) },
  ],
  [
    "sends a length with a 304",
    "a 304 carries exactly the fields that RFC 9110 §15.4.5 names",
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
    "binary content comes back byte for byte",
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
    "ignores the query",
    "a doubled parameter is not a single one",
    { record: (record) => altered(record, { target: "/a" }) },
  ],
  [
    "takes HEAD for GET",
    "HEAD never writes an entry",
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
    "a GET with content is passed by: it fills nothing, and is given nothing that is stored",
    {
      record: (record) =>
        altered(record, {
          header: (name) => (name === "content-length" ? undefined : record.header(name)),
        }),
    },
  ],
  [
    "keeps the content of a POST out of the key",
    "a POST that the route caches has its content in the key",
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
    "staleWhileRevalidate: a crowd is answered stale at once, and one refresh runs behind it",
    { record: (record) => altered(record, { refresh: undefined }) },
  ],
  [
    "shows a refresh its client's conditions",
    "a refresh asks as its client did, without the client's conditions",
    {
      record: (record) =>
        altered(record, { refresh: (fill) => record.refresh?.(refilled(fill, { hidden: [] })) }),
    },
  ],
  [
    "says nothing of a refresh that failed",
    "a refresh that throws keeps what is stored, is told to onError, and is tried again a second later",
    {
      record: (record) =>
        altered(record, {
          refresh: (fill) => record.refresh?.(refilled(fill, { abandon: () => undefined })),
        }),
    },
  ],
  [
    "begins a refresh and takes nothing in",
    "a refresh of a stream is stored",
    {
      record: (record) =>
        altered(record, {
          refresh: (fill) => record.refresh?.(refilled(fill, { open: (head) => unread(fill.open(head)) })),
        }),
    },
  ],
  [
    "gives a run up with its client, before the head",
    "a leader whose client goes away before the head: its run goes on for those who wait",
    {
      decision: (made) =>
        made.kind === "fill" ? refilled(made, { leave: () => (made.abandon("aborted"), false) }) : made,
    },
  ],
  [
    "gives a run up with its client, midway",
    "a leader whose client goes away in the middle: the followers get it whole",
    { decision: (made) => reopened(made, (open) => left(open, (sink) => sink.abandon("aborted"))) },
  ],
  [
    "does not tell that its readers have gone",
    "when all who read a stream have gone away, nothing of it is stored",
    { decision: (made) => reopened(made, (open) => left(open, () => undefined)) },
  ],
  [
    "ends cleanly for who follows what broke",
    "a stream that breaks midway breaks each follower's connection, and stores nothing",
    { decision: (made) => (made.kind === "follow" ? { ...made, content: mended(made.content) } : made) },
  ],
  [
    "says again what the handler took away",
    "a field that the handler takes away is on no answer: miss, hit, HEAD, 304, part",
    { decision: (made) => remaking(made, { removed: [] }) },
  ],
  [
    "gives a follower what the handler took away",
    "a field that the handler takes away is given to nobody who follows",
    { decision: (made) => (made.kind === "follow" ? { ...made, making: undefined } : made) },
  ],
  [
    "says an addition in the place of what is there",
    "what the handler adds to a field is added to what this request has of it: miss, hit, HEAD, part",
    { decision: (made) => remaking(made, { added: [] }) },
  ],
  [
    "does not look at its head as it goes out",
    "a cookie that is written as the head goes out keeps its page from others: sent whole",
    { decision: (made) => reopened(made, (open) => remade(open, { defer: () => () => [] })) },
  ],
  [
    "lets in who waits before its head is out",
    "who waits gets no page whose cookie is written as its head goes out",
    { decision: (made) => reopened(made, (open) => remade(open, { defer: () => () => [] })) },
  ],
  [
    "writes a hit as text",
    "a field's bytes beyond ASCII are the same without a cache, on a miss, on a hit and to who follows: text",
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
    "who follows passes the guard first",
    { route: (route) => omit(route, "guard") },
  ],
];

describe("the adapter contract", () => {
  it.each(slips)("catches an adapter that %s", { timeout: 20_000 }, async (_, name, sabotage) => {
    const check = adapterContract(sabotaged(sabotage), { bound: 0.5 }).find((one) => one.name === name);

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("fails by an AssertionError that says what was expected", async () => {
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

  it("refuses a harness that declines what does not exist", () => {
    const harness = { ...sabotaged({}), declined: { "no such check": "a reason" } };

    expect(() => adapterContract(harness)).toThrow(/declines checks that do not exist: no such check/);
  });

  it("names each check once", () => {
    const names = adapterContract(sabotaged({})).map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
  });

  it("stays passed where nothing was put wrong", async () => {
    const name = "the first request is a miss, the second a hit that does not enter the handler";
    const check = adapterContract(sabotaged({})).find((one) => one.name === name);

    await expect(check?.run()).resolves.toBeUndefined();
  });
});

function altered<Native>(
  record: RequestRecord<Native>,
  parts: Partial<RequestRecord<Native>>,
): RequestRecord<Native> {
  return {
    method: record.method,
    origin: record.origin,
    target: record.target,
    native: record.native,
    header: (name) => record.header(name),
    content: () => record.content?.(),
    refresh: (fill) => record.refresh?.(fill),
    ...parts,
  };
}
