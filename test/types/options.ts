import * as z from "zod";
import { createCache, memoryStore } from "../../src/index.ts";
import type {
  Cache,
  ErrorCode,
  Invalidated,
  Outcome,
  Refusal,
  RouteOptions,
  Store,
  StoredResponse,
} from "../../src/index.ts";
import { engineOf } from "../../src/adapter.ts";
import type { Decision, MaybePromise, Policy } from "../../src/adapter.ts";
import type { Fact, Has, Same } from "./equal.ts";

// A route's own functions are given the framework's own request, typed.
interface Native {
  readonly user: string;
}

export const typed: RouteOptions<Native> = {
  ttl: ({ status, header }) => (status === 200 ? Number(header("x-ttl")) : 0),
  key: ({ user }) => user,
  scope: ({ user }) => user,
};
export type KeyTakesNative = Fact<
  Same<Parameters<NonNullable<RouteOptions<Native>["key"]>>, [request: Native]>
>;

// What a route may write in each option.
export const written: readonly RouteOptions[] = [
  {},
  { ttl: 60, namespace: "users", vary: ["accept-language"], statuses: [200, 404], maxBodyBytes: 1 },
  { ttl: Infinity, scope: "everyone", query: "all", methods: ["GET", "POST"], setCookie: "strip" },
  { query: "declared" },
  { query: ["page"] },
  { tags: ["reports"] },
  { tags: (_request, response) => [response.header("x-tag") ?? "none"] },
  { query: z.object({ page: z.coerce.number().default(1) }) },
];
export type ScopeIsClosed = Fact<
  Same<Extract<RouteOptions["scope"], string>, "anonymous" | "shared" | "everyone">
>;
export type SetCookieIsClosed = Fact<
  Same<RouteOptions["setCookie"], "refuse" | "strip" | "store" | undefined>
>;

// An option that is not built yet is no option to the compiler either.
export type NoEncodings = Fact<Same<Has<RouteOptions, "encodings">, false>>;

// What a cache offers.
const cache: Cache = createCache({
  store: memoryStore(),
  defaults: { ttl: 30 },
  statusHeader: { hit: "yes" },
});
export const removed: Promise<Invalidated> = cache.invalidate("user:1", { namespace: "users", soft: true });
export const forgotten: Promise<Invalidated> = cache.invalidate({ tags: ["users"] });
export const cleared: Promise<Invalidated> = cache.clear();
// The parameters are those of the route's path.
void cache.invalidate({ route: "/teams/:team/users/:id", params: { team: "a", id: 7 } }, { soft: true });
void cache.invalidate({ route: "GET /users/:id", params: { id: "7" } });
void cache.invalidate({ route: "/files/*", params: { "*": "a/b" } });
void cache.invalidate({ route: "/at/::name/:id", params: { id: 7 } });
void cache.invalidate({ route: String(cache.stats().stored), params: { any: 1 } });
void cache.invalidate({ url: new URL("http://a.test/") });
void cache.invalidate({ namespace: "users" });
// @ts-expect-error: a parameter that the path does not have
void cache.invalidate({ route: "/users/:id", params: { idd: 7 } });
// @ts-expect-error: all parameters, or none
void cache.invalidate({ route: "/teams/:team/users/:id", params: { id: 7 } });
// @ts-expect-error: text or a number
void cache.invalidate({ route: "/users/:id", params: { id: undefined } });
export type GetMayMiss = Fact<Same<ReturnType<Cache["get"]>, Promise<StoredResponse | undefined>>>;
export const refusals: Readonly<Partial<Record<Refusal, number>>> = cache.stats().refusals;
export const hits: number = cache.stats().outcomes.hit;
export type OutcomesAreClosed = Fact<
  Same<Outcome, "hit" | "stale" | "revalidated" | "miss" | "collapsed" | "bypass">
>;
export const code: ErrorCode = "ERR_CACHE_KEY";

// A policy is for requests of its own framework, and a default policy is for none.
const policy: Policy<Native> = engineOf(cache).policy<Native>(typed, { route: "GET /" });
export const decide = (): MaybePromise<Decision> =>
  engineOf(cache).begin(
    { method: "GET", origin: "", target: "/", native: { user: "" }, header: () => undefined },
    policy,
  );

// A store may answer at once or by promises, in any mixture.
export const mixed: Store = {
  name: "mixed",
  shared: false,
  get: async () => undefined,
  set: () => undefined,
  delete: () => 0,
  clear: async () => undefined,
};
