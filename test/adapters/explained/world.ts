import type { RouteOptions } from "../../../src/index.ts";
import { rfc9111 } from "../../../src/index.ts";
import { Random } from "../../simulation/random.ts";
import type { Route, Said } from "./sites.ts";

/** A client's request, and the handler's response if it is run. */
export interface Step {
  readonly route: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | undefined;
  /** How many seconds pass before it. */
  readonly seconds: number;
  /** What happens first. */
  readonly first: "nothing" | "a run is under way" | "tags are invalidated" | "a removal is under way";
}

const STALE = { staleWhileRevalidate: 20, ttl: 10 } as const;
const RESCUED = { staleIfError: 40, ttl: 10 } as const;

/** Each with another way through the core. */
const OPTIONS: Readonly<Record<string, RouteOptions>> = {
  plain: {},
  ttl: { ttl: 10, methods: ["GET", "POST"] },
  query: { query: ["a"], ttl: 10 },
  vary: { vary: ["x-a"], ttl: 10 },
  everyone: { scope: "everyone", ttl: 10, setCookie: "strip", tags: ["t"] },
  statuses: { statuses: { 200: true, 404: 5 }, ttl: 30, uncacheableTtl: 15 },
  stale: STALE,
  both: { ...STALE, staleIfError: 60, methods: ["GET", "POST"] },
  rescued: RESCUED,
  hasty: { ...RESCUED, maxWait: 0 },
  lone: { ...RESCUED, maxWaiters: 0 },
  waitless: { maxWait: 0, ttl: 10 },
  crowdless: { maxWaiters: 0, ttl: 10 },
  early: { ttl: 10, earlyRefresh: 0.001 },
  asked: { revalidate: true, ttl: "response", requestDirectives: true },
  demanding: { requestDirectives: true, ...STALE },
  letter: { ...rfc9111 },
  searching: { noVarySearch: true, ttl: 10 },
  unsafe: { invalidateOnUnsafe: true, ttl: 10 },
};

/** The routes of the world, two of them with functions of the application's own. */
export const routes: readonly Route[] = [
  ...Object.entries(OPTIONS).map(([name, options]) => ({
    path: `/${name}`,
    options: () => options,
  })),
  {
    path: "/named",
    options: (field) => ({
      ttl: 10,
      methods: ["GET", "POST"],
      key: (native) => `k ${field(native)("x-a") ?? ""}`,
    }),
  },
  {
    path: "/own",
    options: (field) => ({
      ttl: 10,
      scope: (native) => field(native)("x-a") ?? "nobody",
      staleWhileRevalidate: 20,
    }),
  },
];

/** The responses of a handler; a request chooses one by the field `x-say`, by which nothing varies. */
export const ANSWERS: readonly Said[] = [
  { status: 200, headers: { "cache-control": "public, max-age=9" }, body: "a" },
  { status: 200, headers: {}, body: "a" },
  { status: 200, headers: { "cache-control": "max-age=5", etag: '"a"' }, body: "b" },
  { status: 200, headers: { vary: "x-a" }, body: "c" },
  { status: 200, headers: { "cache-control": "public, max-age=5, stale-while-revalidate=9" }, body: "d" },
  { status: 200, headers: { "cache-control": "no-store" }, body: "e" },
  { status: 200, headers: { "cache-control": "private" }, body: "f" },
  { status: 200, headers: { "set-cookie": "a=1" }, body: "g" },
  { status: 404, headers: {}, body: "h" },
  { status: 500, headers: {}, body: "i" },
  { status: 200, headers: { "cache-control": "no-cache", etag: '"z"' }, body: "j" },
  { status: 200, headers: { "no-vary-search": 'params=("b")' }, body: "k" },
  { status: 200, headers: { "cache-control": "max-age=8, must-revalidate" }, body: "l" },
];

const FIELDS: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  {},
  {},
  { "x-a": "1" },
  { "x-a": "2" },
  { cookie: "a=1" },
  { authorization: "Bearer a" },
  { "x-api-key": "a" },
  { "if-none-match": '"a"' },
  { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" },
  { range: "bytes=0-0" },
  { "cache-control": "no-cache" },
  { "cache-control": "no-store" },
  { "cache-control": "only-if-cached" },
  { "cache-control": "max-stale=5" },
  { "cache-control": "max-age=0" },
  { pragma: "no-cache" },
  { "accept-language": "fr" },
];

const CONTENTS: readonly (readonly [type: string, content: string])[] = [
  ["application/json", '{"a":1}'],
  ["application/json", '{"a":[1,"b"]}'],
  ["application/x-www-form-urlencoded", "a=1&b=2"],
  ["text/plain", "a"],
];

const TARGETS = ["", "", "?a=1", "?a=1&b=2", "?b=2", "?a=%41"];

/** Makes steps, always the same of one seed. */
export function* stepsOf(seed: number, isFat: boolean): Generator<Step, never, undefined> {
  const random = new Random(seed);
  for (;;) {
    const { path } = random.pick(routes);
    const method = random.pick(["GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "DELETE"]);
    const hasContent =
      method === "POST" ? random.chance(0.8) : isFat && method === "GET" && random.chance(0.03);
    const [type = "", content = ""] = hasContent ? random.pick(CONTENTS) : [];
    yield {
      route: path,
      method,
      target: path + random.pick(TARGETS),
      headers: {
        ...random.pick(FIELDS),
        "x-say": String(random.chance(0.4) ? 0 : random.between(0, ANSWERS.length - 1)),
        ...(hasContent && { "content-type": type, "content-length": String(Buffer.byteLength(content)) }),
      },
      content: hasContent ? content : undefined,
      seconds: random.pick([0, 0, 0, 0, 1, 4, 11, 25]),
      first: random.chance(0.06)
        ? "a run is under way"
        : random.chance(0.01)
          ? "tags are invalidated"
          : random.chance(0.02)
            ? "a removal is under way"
            : "nothing",
    };
  }
}
