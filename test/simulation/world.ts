import type { RouteOptions } from "../../src/index.ts";
import type { Random } from "./random.ts";

/** The framework's request of a simulation: what the route's own functions see. */
export interface Native {
  readonly key: string;
  readonly principal: string;
}

/** What a store does to those who use it: parts of all calls. */
export interface StorePlan {
  readonly isSync: boolean;
  /** The longest time, in ms, until a call takes effect, and again until it is answered. */
  readonly delayMs: number;
  readonly failing: number;
  readonly losing: number;
  readonly hanging: number;
}

/** What handlers do: parts of all runs. */
export interface Weather {
  readonly throwing: number;
  readonly erring: number;
  readonly breaking: number;
  readonly stalling: number;
  readonly lying: number;
  readonly slow: number;
  readonly streaming: number;
  readonly refusing: number;
  readonly missing: number;
}

/** One small world: what a seed decides before anything happens in it. */
export interface World {
  readonly route: RouteOptions<Native>;
  readonly keys: readonly string[];
  /** The values of the field that responses vary by; the empty one is absent. */
  readonly variants: readonly string[];
  readonly principals: readonly string[];
  /** Whether responses vary by a field, and who says so: the route, or its handler alone. */
  readonly varies: "not" | "declared" | "learned";
  readonly store: StorePlan;
  readonly weather: Weather;
  readonly hasEtags: boolean;
  /** How handlers tag their responses, beside their route. */
  readonly tagging: "not" | "by field" | "by call";
  /** How the adapter passes a stream on: by reading it from the cache, or by writing it itself beside the cache. */
  readonly adapter: "wrapping" | "tapped";
  readonly canRefresh: boolean;
  readonly requests: number;
  readonly spanMs: number;
  readonly purges: number;
  /** The part of the purges by tag that are soft. */
  readonly soft: number;
  /** Whether what is stored in the end is softly invalidated, or written to, and asked for once more. */
  readonly isOutdatedAtEnd: boolean;
  /** What a POST makes outdated: nothing that the cache hears of, what is under its URI, or the tags that its route declares. */
  readonly writes: "unheard" | "unsafe" | "declared";
  /** Parts of all requests. */
  readonly heads: number;
  readonly conditional: number;
  readonly leaving: number;
  readonly slowReaders: number;
  readonly credentials: number;
  readonly demanding: number;
  readonly posts: number;
  readonly ranges: number;
  /** How far the clock is set back, once; 0: it is not. */
  readonly setBackMs: number;
}

/** Draws a world. */
export function drawWorld(random: Random): World {
  const varies = random.pick(["not", "not", "declared", "declared", "learned"] as const);
  const isOfPrincipals = random.chance(0.15);
  const tagged = random.chance(0.6);
  const route: RouteOptions<Native> = {
    ...drawLifetimes(random),
    ...drawLimits(random),
    ...(varies === "declared" ? { vary: ["x-lang"] } : {}),
    ...(random.chance(0.7) ? { key: ({ key }: Native) => key } : {}),
    ...(tagged ? { tags: ({ key }: Native) => ["all", key] } : {}),
    ...(isOfPrincipals ? { scope: ({ principal }: Native) => principal } : {}),
    ...(random.chance(0.25) ? { requestDirectives: true } : {}),
    ...(random.chance(0.03) ? { enabled: false } : {}),
  };
  // It knows the cache's own keys, and what belongs to nobody.
  const isUnsafe = route.key === undefined && route.scope === undefined && random.chance(0.7);
  if (isUnsafe) Object.assign(route, { invalidateOnUnsafe: true });
  const tagging = random.pick(["not", "not", "by field", "by call"] as const);
  const isDeclared = (tagged || tagging !== "not") && random.chance(0.3);
  const isStormy = random.chance(0.5);
  const isBusy = random.chance(0.1);
  return {
    route,
    keys: ["k0", "k1", "k2"].slice(0, random.pick([1, 1, 1, 2, 3])),
    variants: varies === "not" ? [""] : ["en", "fr"],
    principals: isOfPrincipals ? ["ann", "bob"] : [""],
    varies,
    store: drawStore(random),
    weather: drawWeather(random, isStormy),
    hasEtags: random.chance(0.5),
    tagging,
    adapter: random.pick(["wrapping", "tapped"]),
    canRefresh: random.chance(0.9),
    requests: isBusy ? random.between(20, 40) : random.between(7, 15),
    spanMs: random.pick([500, 3000, 10_000]),
    purges: random.pick([0, 0, 1, 2, 4]),
    soft: random.pick([0, 0.5, 1]),
    isOutdatedAtEnd: random.chance(0.3),
    writes: isDeclared ? "declared" : isUnsafe ? "unsafe" : "unheard",
    heads: random.pick([0, 0, 0.1]),
    conditional: random.pick([0, 0.2]),
    leaving: random.pick([0, 0.2, 0.5]),
    slowReaders: random.pick([0, 0, 0.3]),
    credentials: random.pick([0, 0, 0.1]),
    // Where the route does not let them demand anything, some do all the same.
    demanding: route.requestDirectives === true ? random.pick([0.1, 0.4]) : random.pick([0, 0, 0, 0.1]),
    ranges: random.pick([0, 0, 0, 0.3]),
    setBackMs: random.pick([0, 0, 0, 0, 0, 300, 2000, 10_000]),
    posts: isUnsafe || isDeclared ? random.pick([0.05, 0.2]) : 0,
  };
}

function drawLifetimes(random: Random): RouteOptions<Native> {
  return {
    ...(random.chance(0.7) ? { ttl: random.pick([0, 0.2, 1, 1, 3, 10]) } : {}),
    ...(random.chance(0.4) ? { staleWhileRevalidate: random.pick([0.5, 2, 20]) } : {}),
    ...(random.chance(0.4) ? { staleIfError: random.pick([0.5, 2, 20]) } : {}),
    ...(random.chance(0.15) ? { jitter: random.pick([0.1, 0.5, 1]) } : {}),
    ...(random.chance(0.15) ? { earlyRefresh: random.pick([1, 3]) } : {}),
    ...(random.chance(0.25) ? { revalidate: true } : {}),
  };
}

function drawLimits(random: Random): RouteOptions<Native> {
  const soft = random.pick([0.05, 0.2]);
  return {
    ...(random.chance(0.3)
      ? { handlerTimeout: random.pick([soft, { soft, hard: 0.5 }, { hard: random.pick([0.1, 1]) }]) }
      : {}),
    maxWait: random.pick([0, 0.05, 0.5, 0.5, 3, 10]),
    ...(random.chance(0.2) ? { maxWaiters: random.pick([0, 1, 3]) } : {}),
    maxBodyBytes: random.pick([60, 200, 10_000, 10_000]),
    ...(random.chance(0.5) ? { uncacheableTtl: random.pick([0, 0.3, 2]) } : {}),
    ...(random.chance(0.3) ? { statuses: [200, 404] } : {}),
    ...(random.chance(0.1) ? { store: false } : {}),
  };
}

function drawStore(random: Random): StorePlan {
  const calm = { isSync: true, delayMs: 0, failing: 0, losing: 0, hanging: 0 };
  return random.pick([
    calm,
    calm,
    { ...calm, failing: 0.2, losing: 0.1 },
    { ...calm, isSync: false },
    { ...calm, isSync: false, delayMs: 20 },
    { ...calm, isSync: false, delayMs: 200 },
    { isSync: false, delayMs: 20, failing: 0.15, losing: 0.1, hanging: 0.1 },
    { isSync: false, delayMs: 300, failing: 0.1, losing: 0, hanging: 0.2 },
  ]);
}

function drawWeather(random: Random, isStormy: boolean): Weather {
  const often = (most: number): number => (isStormy && random.chance(0.5) ? random.next() * most : 0);
  return {
    throwing: often(0.3),
    erring: often(0.4),
    breaking: often(0.4),
    stalling: often(0.15),
    lying: often(0.2),
    slow: random.pick([0, 0.05, 0.3]),
    streaming: random.pick([0, 0.5, 1]),
    refusing: random.chance(0.5) ? random.next() * 0.3 : 0,
    missing: often(0.3),
  };
}
