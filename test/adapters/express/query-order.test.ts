import querystring from "node:querystring";
import type { Express } from "express";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TargetCache } from "../../../src/core/request/normalized-target.ts";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { quietCache, versions, visit } from "./support.ts";

type Parse = (query: string) => unknown;

/** What a request with this URL has as `req.query`, by an application's own code. */
function shownBy(app: Express, url: string): unknown {
  const req = Object.create(app.request) as { url: string; app: Express; query: unknown };
  Object.assign(req, { url, app });
  return req.query;
}

/** The parsers that Express 5 and 4 have, in the hands of Express 5, which cuts the query out of the URL alike. */
const parsers: readonly (readonly [name: string, read: (query: string) => unknown])[] = versions.flatMap(
  ([name, express]) =>
    ["simple", "extended"].map((kind) => {
      const [app, reader] = [express(), versions[0][1]()];
      app.set("query parser", kind);
      reader.set("query parser", app.get("query parser fn") as Parse);
      return [`${name}, ${kind}`, (query: string) => shownBy(reader, `/a?${query}`)] as const;
    }),
);

const others: typeof parsers = [
  ["node:querystring", (query) => querystring.parse(query)],
  ["URLSearchParams", (query) => byName(new URLSearchParams(query))],
];

function byName(parameters: URLSearchParams): unknown {
  return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]));
}

const keyOf = (query: string): string => new TargetCache("", undefined).of("http://a", `/a?${query}`).uri;

const unit = fc.constantFrom(
  "a",
  "a",
  "b",
  "[",
  "]",
  ".",
  "=",
  "0",
  ",",
  "&",
  "[]",
  "[b]",
  "%5B",
  "%5d",
  "%3D",
  "%61",
  "%2E",
  "+",
  "%20",
  "%25",
  "%zz",
  "%E9",
  "%E8",
  "é",
  "#",
);
const segment = fc.string({ unit, maxLength: 5 });
/** Two queries of the same segments in another order, some of them spelled otherwise. */
const pair = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(list, { minLength: list.length }),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
    ),
  )
  .map(([one, other, isRespelled]) => [one.join("&"), respelled(other.join("&"), isRespelled)] as const);

const SPELLINGS: readonly (readonly [string, string])[] = [
  ["[", "%5B"],
  ["]", "%5D"],
  ["=", "%3D"],
  ["a", "%61"],
  ["#", "%23"],
  ["+", "%20"],
];

function respelled(query: string, isRespelled: readonly boolean[]): string {
  let at = 0;
  return query.replace(/[[\]=a#+]/g, (character) =>
    isRespelled[at++ % isRespelled.length] === true ? new Map(SPELLINGS).get(character)! : character,
  );
}

describe("two queries of one key", () => {
  it("40: are the same for every parser", () => {
    const readings = (query: string): unknown =>
      Object.fromEntries([...parsers, ...others].map(([name, read]) => [name, read(query)]));
    fc.assert(
      fc.property(pair, ([one, other]) => {
        fc.pre(keyOf(one) === keyOf(other));
        expect(readings(other)).toEqual(readings(one));
      }),
      { numRuns: 500, maxSkipsPerRun: 1000 },
    );
  });
});

const many = "&".repeat(1000);

describe.each(versions)("%s: a handler that reads its query by qs", (_, express) => {
  /** What two queries are answered, one after the other: by a cached route, and by a plain one. */
  const answers = async (first: string, second: string): Promise<{ cached: string[]; plain: string[] }> => {
    const app = express();
    app.set("query parser", "extended");
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (req, res) => res.json(req.query));
    app.get("/plain", (req, res) => res.json(req.query));
    const client = await visit(app);

    const [one, two] = [
      await client.ask({ path: `/a?${first}` }),
      await client.ask({ path: `/a?${second}` }),
    ];

    const plain = [
      (await client.ask({ path: `/plain?${first}` })).text,
      (await client.ask({ path: `/plain?${second}` })).text,
    ];
    return { cached: [one.text, two.text], plain };
  };

  it.each([
    ["a=1&a[]=2", "a[]=2&a=1"],
    ["sort[]=x&sort[0]=y", "sort[0]=y&sort[]=x"],
    ["a[b]=1&a=c", "a=c&a[b]=1"],
    ["a%5Bb%5D=1&a=c", "a=c&a%5bb%5d=1"],
    ["[a]=1&a=2", "a=2&[a]=1"],
    ["[]=x&[0]=y", "[0]=y&[]=x"],
    ["a=b]=c", "a=b%5D%3Dc"],
    ["a=c#", "a=c%23"],
    ["a=1#&b=2", "b=2&a=1#"],
    ["a=c\u00A0", "a=c%C2%A0"],
  ])("runs again if it reads another one: ?%s, then ?%s", async (first, second) => {
    const { cached, plain } = await answers(first, second);

    expect(new Set(plain).size).toBe(2);
    expect(cached).toEqual(plain);
  });

  it.each([
    ["empty ones", `${many}a=1`, "a=1"],
    ["others", `${"b=1&".repeat(1000)}a=1`, `a=1${"&b=1".repeat(1000)}`],
  ])(
    "runs again if it does not read the parameters after the thousandth: %s",
    async (_name, first, second) => {
      const { cached, plain } = await answers(first, second);

      expect(new Set(plain).size).toBe(2);
      expect(cached).toEqual(plain);
    },
  );
});
