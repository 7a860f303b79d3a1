import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import type { HandlerHead, Invalidation } from "../../src/adapter.ts";
import { places } from "../../src/testing/adapter-contract/places.ts";
import { switches } from "../../src/testing/adapter-contract/switches.ts";
import { tags } from "../../src/testing/adapter-contract/tags.ts";
import { told } from "../../src/testing/adapter-contract/told.ts";
import { writes } from "../../src/testing/adapter-contract/writes.ts";
import { adapterContract } from "../../src/testing/index.ts";
import type { ContractRoute } from "../../src/testing/index.ts";
import {
  altered,
  answering,
  misled,
  passedBy,
  refilled,
  remade,
  reopened,
  resent,
  sabotaged,
  undeclared,
} from "./sabotage.ts";
import type { Sabotage } from "./sabotage.ts";

type Slip = readonly [slip: string, sabotage: Sabotage, checks: readonly string[]];

const ofSwitches: readonly Slip[] = [
  [
    "does not tell the cache that a route is switched off",
    { route: undeclared("enabled") },
    [
      "a route with enabled: false behaves as without a cache, after its guards",
      "a route with enabled: false leaves a request's content to its handler",
    ],
  ],
  [
    "marks what it leaves alone",
    {
      decision: (made) =>
        made.kind === "bypass" ? { ...made, fields: [...made.fields, ["x-cache", "MISS"]] } : made,
    },
    ["a cache with enabled: false leaves all routes alone, whatever they set"],
  ],
  [
    "takes a default for the last word",
    {
      route: (route) => (route.options?.enabled === true ? undeclared("enabled")(route) : route),
    },
    ["a route may be enabled where the defaults are not"],
  ],
  [
    "stores what is only to be shared",
    { route: undeclared("store") },
    [
      "a route with store: false runs once for all who ask meanwhile, and stores nothing",
      "a stream of a route with store: false is shared until its end",
    ],
  ],
  [
    "sends the content that its client has",
    {
      decision: (made) =>
        reopened(made, (open) =>
          remade(open, {
            complete: (body) => ({ ...open.complete(body), status: 200, body: Buffer.from(body ?? "") }),
          }),
        ),
    },
    ["a client that has the response of a route with store: false is sent a 304"],
  ],
];

const ofTags: readonly Slip[] = [
  [
    "loses the tags that a handler adds",
    misled((head) => ({ ...head, tags: undefined })),
    [
      "tags that the handler adds invalidate a response that is sent whole",
      "tags that the handler adds invalidate a streamed response",
      "tags that the handler adds invalidate a response without content",
      "the tags of the route, of the handler and of Cache-Tag add up",
      "tags that the handler adds to its 304 count; without any, those stored stay",
    ],
  ],
  [
    "loses the tags that a handler adds in the background",
    { record: misled((head) => ({ ...head, tags: undefined })).record ?? ((same) => same) },
    ["tags that the handler adds in a refresh replace those stored"],
  ],
  [
    "does not tell the cache of Cache-Tag",
    misled((head) => ({ ...head, fields: without(head.fields, "cache-tag") })),
    [
      "the tags of the route, of the handler and of Cache-Tag add up",
      "a response whose Cache-Tag is malformed is not stored",
    ],
  ],
  [
    "takes Cache-Tag for a field of its own",
    {
      decision: (made) => resent(made, (sent) => ({ ...sent, fields: without(sent.fields, "cache-tag") })),
    },
    ["Cache-Tag is sent on misses and hits"],
  ],
  [
    "sends Cache-Tag with what it passes on as it came",
    { route: undeclared("cacheTag") },
    ['cacheTag: "strip" takes Cache-Tag off: miss, hit, HEAD, 304, stream, and what is not stored'],
  ],
  [
    "sends the tags that a handler adds",
    {
      route: answering((answer) => ({
        ...answer,
        headers: { ...answer.headers, "x-tag": answer.tags ?? [] },
      })),
    },
    ["a handler that adds tags works without a cache: uncached, disabled, passed by"],
  ],
];

const ofTold: readonly Slip[] = [
  [
    "tells clients nothing",
    { decision: (made) => resent(made, ({ fields }) => ({ fields, unlessSet: [] })) },
    [
      "clientCacheControl is sent with a whole response: miss, hit, HEAD, 304",
      "clientCacheControl is sent with a streamed response: miss, hit, HEAD, 304",
      "a scope function makes a whole response private: miss, hit, HEAD, 304",
      "a scope function makes a streamed response private: miss, hit, HEAD, 304",
      "clientCacheControl and a scope function add up",
      "a stale response and a response that others wait for are told of as well",
      "a follower of a stream is told the same",
      "a response that is not stored is told of as private only, and only under a scope function",
      "a response that passes by a route with a scope function is private, unless its handler sets Cache-Control",
    ],
  ],
  [
    "does not tell the cache of its handler's Cache-Control",
    misled((head) => ({ ...head, fields: without(head.fields, "cache-control") })),
    ["the handler's own Cache-Control is sent in place of the route's"],
  ],
  [
    "overwrites the Cache-Control of others",
    {
      decision: (made) =>
        resent(made, ({ fields, unlessSet = [] }) => ({ fields: [...fields, ...unlessSet], unlessSet: [] })),
    },
    [
      "the Cache-Control of earlier middleware is sent in place of the route's",
      "a response that passes by a route with a scope function is private, unless its handler sets Cache-Control",
    ],
  ],
  [
    "sets clientCacheControl as a field of the handler",
    {
      route: answering((answer, { options }) => ({
        ...answer,
        headers: { "cache-control": String(options?.clientCacheControl ?? "public"), ...answer.headers },
      })),
    },
    [
      "a client's lifetime begins when it is sent the response, whatever the Age",
      "a response that is not stored is told of as private only, and only under a scope function",
      "what clients are told is not stored",
    ],
  ],
  [
    "sends what the cache fails on",
    {
      decision: (made) =>
        made.kind === "fill"
          ? refilled(made, { open: (head) => openedOr(() => made.open(head), head) })
          : made,
    },
    ["a clientCacheControl function that throws or misreturns fails the request"],
  ],
];

const ofWrites: readonly Slip[] = [
  [
    "forgets what a write invalidates",
    { invalidates: () => () => undefined },
    [
      "a client reads what it wrote: a whole response",
      "a client reads what it wrote: a response without content",
      "a client reads what it wrote: a redirect",
      "a client reads what it wrote: a stream",
      "a response that began before the end of a write is not stored",
    ],
  ],
  [
    "does not wait for what a write invalidates",
    { invalidates: (invalidate) => (end) => void invalidate(end) },
    [
      "no byte of a write's response is sent before it has invalidated: a whole response",
      "no byte of a write's response is sent before it has invalidated: a response without content",
      "no byte of a write's response is sent before it has invalidated: a stream",
      "no byte of a write's response is sent before it has invalidated: a failure",
    ],
  ],
  [
    "takes every write for a success",
    { invalidates: (invalidate) => () => invalidate({ status: 200 }) },
    [
      "a write that fails makes what is stored stale, and it can stand in: a status",
      "a write that fails makes what is stored stale, and it can stand in: a throw",
      "a write that is refused leaves what is stored: a status",
    ],
  ],
  [
    "takes a throw for a failure, whatever its status",
    {
      invalidates: (invalidate) => (end) => invalidate(end.hasThrown === true ? { status: undefined } : end),
    },
    ["a write that is refused leaves what is stored: a throw"],
  ],
  [
    "invalidates before its guard",
    beforeGuards(),
    [
      "a write that a before guard refuses leaves what is stored",
      "a write that a framework guard refuses leaves what is stored",
    ],
  ],
  [
    "does not notice that the client of a write has gone",
    { invalidates: (invalidate) => (end) => (end.status === undefined ? undefined : invalidate(end)) },
    ["a write whose client disconnects makes what is stored stale, and removes it once it is done"],
  ],
  [
    "gives a write up with its client, and the end of a stream with its head",
    {
      invalidates: (invalidate) => {
        let isDone = false;
        return (end) => (isDone ? undefined : ((isDone = true), invalidate(end)));
      },
    },
    [
      "a write whose client disconnects makes what is stored stale, and removes it once it is done",
      "a response that a write begins early is invalidated again at its end",
    ],
  ],
  [
    "asks for the tags before the handler",
    { route: askedAtOnce },
    [
      "a function names the tags after the handler",
      "a function that names no tags fails no write: everything with a tag is gone, and it is reported",
    ],
  ],
];

const ofPlaces: readonly Slip[] = [
  [
    "shows the cache another path than the client's",
    { record: (record) => altered(record, { target: `/mounted${record.target}` }) },
    [
      "a URL that is invalidated is gone with every query and variant, and no other URL is",
      "a URL is invalidated however its characters are encoded",
      "a handler that runs while its URL is invalidated stores nothing",
    ],
  ],
  [
    "gives all hosts one origin",
    { record: (record) => altered(record, { origin: "http://a" }) },
    ["a URL with an origin is invalidated on that origin alone"],
  ],
  [
    "does not tell the cache a route's namespace",
    { route: undeclared("namespace") },
    ["a namespace that is invalidated is gone, and no other is"],
  ],
  [
    "cannot refresh",
    { record: (record) => altered(record, { refresh: undefined }) },
    ["what is softly invalidated by URL, by namespace, by key or with everything is stale, and stays"],
  ],
];

const slips = [...ofSwitches, ...ofTags, ...ofPlaces, ...ofTold, ...ofWrites].flatMap(
  ([slip, sabotage, checks]) => checks.map((check) => [slip, check, sabotage] as const),
);

describe("the adapter contract, on what routes and handlers declare", () => {
  it.each(slips)("catches an adapter that %s: %s", { timeout: 20_000 }, async (_, name, sabotage) => {
    const check = adapterContract(sabotaged(sabotage), { bound: 0.5 }).find((one) => one.name === name);

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("has no check that no slip makes fail", () => {
    const checks = [switches, tags, places, told, writes].flatMap((topic) => Object.keys(topic));

    const caught = new Set(slips.map(([, check]) => check));

    expect(checks.filter((check) => !caught.has(check))).toEqual([]);
  });
});

type Fields = HandlerHead["fields"];

function without(fields: Fields, name: string): Fields {
  return fields.filter(([one]) => one !== name);
}

function openedOr(open: () => ReturnType<typeof passedBy>, head: HandlerHead): ReturnType<typeof passedBy> {
  try {
    return open();
  } catch {
    return passedBy(head);
  }
}

function beforeGuards(): Sabotage {
  let last: Invalidation<[]> | undefined;
  return {
    invalidates: (invalidate) => (last = invalidate),
    route: (route) =>
      route.guard === undefined
        ? route
        : { ...route, guard: { ...route.guard, onRun: () => void last?.({ status: 200 }) } },
  };
}

function askedAtOnce(route: ContractRoute): ContractRoute {
  const { invalidates } = route;
  return typeof invalidates === "function" ? { ...route, invalidates: invalidates() } : route;
}
