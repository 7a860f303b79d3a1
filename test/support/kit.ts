import { createCache, memoryStore } from "../../src/index.ts";
import type { Cache, CacheOptions, RouteOptions, Store } from "../../src/index.ts";
import { engineOf } from "../../src/adapter.ts";
import type {
  Bypass,
  Decision,
  DeclaredQuery,
  Fill,
  Follow,
  MaybePromise,
  OpenFill,
  Policy,
  Reply,
  RequestRecord,
  Serve,
} from "../../src/adapter.ts";
import { keyOf, variantOf } from "../../src/core/request/cache-key.ts";
import { platformDigest } from "../../src/platform.ts";
import { combined, fieldOf, toFields } from "../../src/http/fields.ts";
import type { Fields } from "../../src/http/fields.ts";
import { testClock } from "../../src/testing/clock.ts";
import type { TestClock } from "../../src/testing/clock.ts";

/** A request in a few words; it is its own native request. */
export interface Asked {
  readonly method?: string;
  readonly origin?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: unknown;
  /** Whether the adapter can run the handler without this client, and how. */
  readonly refresh?: (fill: Fill) => void;
}

export function requestOf(asked: Asked = {}): RequestRecord<Asked> {
  const headers = new Map(Object.entries(asked.headers ?? {}));
  return {
    method: asked.method ?? "GET",
    origin: asked.origin ?? "http://example.org",
    target: asked.target ?? "/reports",
    native: asked,
    header: (name) => headers.get(name),
    hasContent: (asked.content !== undefined && asked.content !== "") || undefined,
    content: () => asked.content,
    refresh: asked.refresh,
  };
}

export interface Kit {
  readonly cache: Cache;
  readonly clock: TestClock;
  readonly policy: Policy<Asked>;
  begin(asked?: Asked): MaybePromise<Decision>;
  /** The same for a synchronous store. */
  now(asked?: Asked): Decision;
  /** Sends a request, and the handler's response where the handler has to run. */
  ask(asked?: Asked, said?: Said): Reply;
}

export interface KitOptions {
  readonly cache?: CacheOptions;
  readonly route?: RouteOptions<Asked>;
  readonly query?: DeclaredQuery;
}

/** A cache with a clock that stands still, and one route of it. */
export function kitOf(options: KitOptions = {}): Kit {
  const clock = testClock();
  const cache = createCache({ clock, reporter: false, ...options.cache });
  const engine = engineOf(cache);
  const policy = engine.policy<Asked>(options.route ?? {}, { route: "GET /reports", query: options.query });
  const begin = (asked?: Asked): MaybePromise<Decision> => engine.begin(requestOf(asked), policy);
  const now = (asked?: Asked): Decision => settled(begin(asked));
  const ask = (asked?: Asked, said?: Said): Reply => {
    const decision = now(asked);
    return decision.kind === "serve" ? decision.reply : answer(fillOf(decision), said);
  };
  return { cache, clock, policy, begin, now, ask };
}

const digest = platformDigest(new TextEncoder().encode("secret"));

/** The whole name of what a request selects: resource and variant. */
export function nameOf(options: KitOptions, asked: Asked): string | undefined {
  const { policy } = kitOf(options);
  const request = requestOf(asked);
  const key = keyOf(request, policy, digest);
  return key && JSON.stringify([key.resource, variantOf(key.selector, policy.vary, request.header)]);
}

/** A handler's response in a few words. */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly earlier?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

export function openWith(fill: Fill, said: Said = {}): OpenFill {
  const { status = 200, headers = {}, earlier = {} } = said;
  return fill.open({ status, fields: toFields(headers), earlier: toFields(earlier) });
}

export function answer(fill: Fill, said: Said = {}): Reply {
  return openWith(fill, said).complete(said.body ?? "report");
}

export function settled<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error("the answer is a promise, where the store answers at once");
  return value;
}

export function fillOf(decision: Decision): Fill {
  if (decision.kind !== "fill") throw new Error(`expected a fill, got ${JSON.stringify(decision)}`);
  return decision;
}

export function serveOf(decision: Decision): Serve {
  if (decision.kind !== "serve") throw new Error(`expected an answer, got ${JSON.stringify(decision)}`);
  return decision;
}

export function followOf(decision: Decision): Follow {
  if (decision.kind !== "follow")
    throw new Error(`expected a stream to follow, got ${JSON.stringify(decision)}`);
  return decision;
}

/** The whole of a content as text. */
export async function readText(content: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of content) text += decoder.decode(part, { stream: true });
  return text;
}

/** An adapter that can run the handler without a client: here the runs are only kept. */
export function refresher(): { readonly fills: Fill[]; readonly refresh: (fill: Fill) => void } {
  const fills: Fill[] = [];
  return { fills, refresh: (fill) => void fills.push(fill) };
}

export function bypassOf(decision: Decision): Bypass {
  if (decision.kind !== "bypass") throw new Error(`expected a bypass, got ${JSON.stringify(decision)}`);
  return decision;
}

/** A field's combined value. */
export function said(message: { readonly fields: Fields }, name: string): string | undefined {
  return combined(fieldOf(message.fields, name));
}

export function textOf(reply: Reply): string | undefined {
  return reply.body && new TextDecoder().decode(reply.body);
}

/** The names of a message's fields, sorted. */
export function namesOf(message: { readonly fields: Fields }): readonly string[] {
  return message.fields.map(([name]) => name).toSorted();
}

/** A store that returns a promise from each method. */
export function asyncStore(inner: Store = memoryStore()): Store {
  return {
    name: "async",
    shared: false,
    get: async (key, choose, look) => inner.get(key, choose, look),
    set: async (entry) => inner.set(entry),
    delete: async (key, position) => inner.delete(key, position),
    clear: async () => inner.clear(),
  };
}

/** Lets everything that waits for a promise continue. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** The decision on a request, once it is known. */
export function asking(kit: Kit, asked: Asked): () => Decision | undefined {
  let decision: Decision | undefined;
  void Promise.resolve(kit.begin(asked)).then((decided) => (decision = decided));
  return () => decision;
}
