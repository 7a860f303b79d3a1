import { describe, expect, it } from "vitest";
import { VirtualClock } from "./clock.ts";
import { History } from "./history.ts";
import type { Purge, Request, Run, Said, Write } from "./history.ts";
import { Model } from "./model.ts";
import { PROPERTIES, violationIn } from "./properties.ts";
import { Random } from "./random.ts";
import { drawWorld } from "./world.ts";
import type { World } from "./world.ts";

describe("the model", () => {
  it("lets a fresh, whole response be served to another client", () => {
    expect(judge(hit({}))).toBeUndefined();
  });

  it("finds a response that was served and may not be shared", () => {
    expect(judge(hit({ said: { isPrivate: true } }))).toBe(PROPERTIES.served);
  });

  it("finds a response of another key, variant or principal", () => {
    const strangers = [{ key: "k1" }, { variant: "fr" }, { principal: "bob" }];

    expect(strangers.map((request) => judge(hit({ request })))).toEqual(Array(3).fill(PROPERTIES.served));
  });

  it("finds a response that is stale, and one that is stale outside its window", () => {
    const late = { request: { decided: { seq: 12, at: at(5000) } } };

    expect(judge(hit(late))).toBe(PROPERTIES.served);
    expect(judge(hit({ request: { ...late.request, outcome: "stale" } }))).toBe(PROPERTIES.served);
  });

  it("finds a response that must be revalidated and was served stale", () => {
    const request = { decided: { seq: 12, at: at(1500) }, outcome: "stale" };
    const lasting = { staleWhileRevalidate: 60 };

    expect(judge(hit({ request, said: lasting }))).toBeUndefined();
    expect(judge(hit({ request, said: { ...lasting, mustRevalidate: true } }))).toBe(PROPERTIES.served);
  });

  it("finds a part that was served as the whole", () => {
    expect(judge(hit({ request: { body: "r0 k0" } }))).toBe(PROPERTIES.whole);
    expect(judge(hit({ run: { ending: "broken" } }))).toBe(PROPERTIES.whole);
  });

  it("finds bytes that no handler has said", () => {
    expect(judge(hit({ request: { body: "r0 k0 ### abcdefgh" } }))).toBe(PROPERTIES.whole);
  });

  it("finds a whole response that broke off", () => {
    expect(judge(hit({ request: { fate: "broken", decision: "follow", body: "r0" } }))).toBe(
      PROPERTIES.whole,
    );
  });

  it("finds a response that began before a purge which had returned", () => {
    const purge: Purge = {
      what: { tags: ["k0"] },
      isSoft: false,
      began: { seq: 6, at: at(30) },
      returned: { seq: 7, at: at(30) },
      asked: undefined,
      removed: undefined,
    };

    expect(judge(hit({ purge }))).toBe(PROPERTIES.purged);
    expect(judge(hit({ purge: { ...purge, what: { tags: ["k1"] } } }))).toBeUndefined();
  });

  it("excuses what the store was asked to remove in vain, and nothing else", () => {
    const said = { seq: 7, at: at(30) };
    const purge: Purge = {
      what: { key: "k0" },
      isSoft: false,
      began: { seq: 6, at: at(30) },
      returned: said,
      asked: said,
      removed: undefined,
    };

    expect(judge(hit({ purge, write: WHOLE }))).toBeUndefined();
    expect(judge(hit({ purge: { ...purge, asked: undefined }, write: WHOLE }))).toBe(PROPERTIES.purged);
    expect(judge(hit({ purge }))).toBe(PROPERTIES.purged);
  });

  it("lets what was invalidated softly be served within its windows, which count from then on, and not as fresh", () => {
    const said = { staleWhileRevalidate: 1 };
    const decided = (ms: number): Altered => ({
      purge: SOFT,
      said,
      request: { decided: { seq: 12, at: at(ms) }, outcome: "stale" },
    });

    expect(judge(hit({ purge: SOFT, said }))).toBe(PROPERTIES.served);
    expect(judge(hit(decided(40)))).toBeUndefined();
    expect(judge(hit(decided(1030)))).toBe(PROPERTIES.served);
    expect(judge(hit({ ...decided(40), said: {} }))).toBe(PROPERTIES.served);
  });

  it("counts windows from the first soft invalidation, and has a later hard one remove what is stored", () => {
    const again = { ...SOFT, began: { seq: 8, at: at(900) }, returned: { seq: 9, at: at(900) } };
    const stale = {
      said: { staleWhileRevalidate: 1 },
      request: { decided: { seq: 12, at: at(1100) }, outcome: "stale" },
    };

    expect(judge(hit({ ...stale, purge: again }))).toBeUndefined();
    expect(judge(hit({ ...stale, purge: SOFT, later: again }))).toBe(PROPERTIES.served);
    expect(judge(hit({ ...stale, purge: again, later: { ...again, isSoft: false } }))).toBe(
      PROPERTIES.purged,
    );
  });

  it("knows by what a handler has tagged its response", () => {
    const purge = { ...SOFT, isSoft: false, what: { tags: ["k0.v0"] } };

    expect(judge(hit({ purge }))).toBeUndefined();
    expect(judge(hit({ purge, said: { tag: "k0.v0" } }))).toBe(PROPERTIES.purged);
    expect(judge(hit({ purge: { ...purge, what: "tagged" } }))).toBe(PROPERTIES.purged);
  });

  it("finds what is gone, or stale, and had to be there", () => {
    const again = (request: Partial<Request>): Altered => ({
      isAskedAgain: true,
      request: { isLast: true, began: { seq: 11, at: at(40) }, ...request },
    });
    const run = { decision: "fill", outcome: undefined, headed: undefined, body: "" } as const;
    const said = { staleWhileRevalidate: 1 };

    expect(judge(hit(again({})))).toBeUndefined();
    expect(judge(hit(again(run)))).toBe(PROPERTIES.kept);
    expect(judge(hit({ ...again({ outcome: "stale" }), purge: SOFT, said }))).toBeUndefined();
    expect(judge(hit({ ...again(run), purge: SOFT, said }))).toBe(PROPERTIES.kept);
    expect(judge(hit({ ...again(run), purge: SOFT }))).toBeUndefined();
  });

  it("finds a response of a route that is not enabled", () => {
    const disabled = { ...WORLD, route: { ...WORLD.route, enabled: false } };

    expect(judge(hit({}), 0, disabled)).toBe(PROPERTIES.served);
  });

  it("finds an unsafe request that was answered with another one's response", () => {
    expect(judge(hit({ request: { method: "POST" } }))).toBe(PROPERTIES.served);
  });

  it("finds what was stored and is not whole, may not be shared, or lives for too long", () => {
    const wrong = [{ body: "r0 k0" }, { staleAt: at(1011) }, { staleIfErrorUntil: at(2000) }];

    expect(judge(hit({ write: WHOLE }))).toBeUndefined();
    expect(wrong.map((each) => judge(hit({ write: { ...WHOLE, ...each } })))).toEqual(
      Array(3).fill(PROPERTIES.stored),
    );
  });

  it("finds a second run beside one that others wait for", () => {
    const second: Partial<Run> = {
      began: { seq: 4, at: at(5) },
      head: { seq: 5, at: at(12) },
      over: { seq: 6, at: at(20) },
    };

    expect(judge(hit({ second }))).toBe(PROPERTIES.runs);
  });

  it("finds a response that its client has turned down, where clients may", () => {
    const demands = [{ noCache: true }, { maxAge: 0 }, { minFresh: 1 }] as const;

    expect(demands.map((directives) => judge(hit({ request: { directives } })))).toEqual(
      Array(3).fill(PROPERTIES.served),
    );
    expect(judge(hit({ request: { directives: { maxAge: 1, noStore: true } } }))).toBeUndefined();
  });

  it("lets a client be served as stale a response as it welcomes, and no staler one", () => {
    const late = { decided: { seq: 12, at: at(2500) } };
    const welcomed = (maxStale: number): Altered => ({ request: { ...late, directives: { maxStale } } });

    expect(judge(hit(welcomed(2)))).toBeUndefined();
    expect(judge(hit(welcomed(1)))).toBe(PROPERTIES.served);
    expect(judge(hit({ ...welcomed(2), said: { mustRevalidate: true } }))).toBe(PROPERTIES.served);
  });

  it("finds a 504 for a client that wants more than what is stored", () => {
    const refused = { status: 504, headBy: undefined, body: "", outcome: "bypass" };

    expect(judge(hit({ request: refused }))).toBe(PROPERTIES.served);
    expect(judge(hit({ request: { ...refused, directives: { onlyIfCached: true } } }))).toBeUndefined();
  });

  it("finds a part that is not what its client has asked for", () => {
    const range = { first: 3, last: 4 };
    const part = { range, status: 206, contentRange: `bytes 3-4/${BODY.length}`, body: "k0" };
    const wrong = [{ body: "k" }, { contentRange: "bytes 3-4/5" }, { range: undefined }, { ifRange: '"v0"' }];

    expect(judge(hit({ request: part }))).toBeUndefined();
    expect(wrong.map((each) => judge(hit({ request: { ...part, ...each } })))).toEqual(
      Array(4).fill(PROPERTIES.whole),
    );
  });

  it("finds a 416 where there is something at the range", () => {
    const beyond = { status: 416, headBy: undefined, body: "", contentRange: `bytes */${BODY.length}` };

    expect(judge(hit({ request: { ...beyond, range: { first: 99, last: undefined } } }))).toBeUndefined();
    expect(judge(hit({ request: { ...beyond, range: { suffix: 9 } } }))).toBe(PROPERTIES.whole);
  });

  it("lets a clock that was set back make a response younger by as much, and by no more", () => {
    const late = { request: { decided: { seq: 12, at: at(2500) } } };

    expect(judge(hit({ ...late, setBackMs: 2000 }))).toBeUndefined();
    expect(judge(hit({ ...late, setBackMs: 1000 }))).toBe(PROPERTIES.served);
  });

  it("finds an age that is none", () => {
    expect(["0", "-1", "9"].map((age) => judge(hit({ request: { age } })))).toEqual([
      undefined,
      PROPERTIES.served,
      PROPERTIES.served,
    ]);
  });

  it("finds a request that never ends, and a timer that is left behind", () => {
    expect(judge(hit({ request: { over: undefined, fate: undefined } }))).toBe(PROPERTIES.ends);
    expect(judge(hit({}), 1)).toBe(PROPERTIES.ends);
  });
});

const BODY = "r0 k0 en ann v0 abcdefgh";

const at = (ms: number): number => Date.UTC(2026, 0, 1) + ms;

const SOFT: Purge = {
  what: { tags: ["k0"] },
  isSoft: true,
  began: { seq: 6, at: at(30) },
  returned: { seq: 7, at: at(30) },
  asked: undefined,
  removed: undefined,
};

const WHOLE: Write = {
  body: BODY,
  headBy: 0,
  etag: undefined,
  staleAt: at(1010),
  staleWhileRevalidateUntil: 0,
  staleIfErrorUntil: 0,
  issued: { seq: 5, at: at(20) },
  applied: undefined,
};

const WORLD: World = {
  ...drawWorld(new Random(1)),
  route: { ttl: 1, scope: () => "ann", vary: ["x-lang"], tags: ["all"], requestDirectives: true },
  varies: "declared",
};

const SAID: Said = {
  status: 200,
  noStore: false,
  isPrivate: false,
  noCache: false,
  mustRevalidate: false,
  hasCookie: false,
  maxAge: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
  etag: undefined,
  length: undefined,
  tag: undefined,
  isTagNamed: false,
};

interface Altered {
  readonly said?: Partial<Said>;
  readonly run?: Partial<Run>;
  readonly second?: Partial<Run>;
  readonly request?: Partial<Request>;
  readonly purge?: Purge;
  readonly later?: Purge;
  /** Whether the second request comes when all is over, after another one that was served the same. */
  readonly isAskedAgain?: boolean;
  readonly write?: Write;
  readonly setBackMs?: number;
}

/** One request that runs its handler, and a second one that is served what it said. */
function hit(altered: Altered): History {
  const { said, run: ran, second, request, purge, later, isAskedAgain, write, setBackMs } = altered;
  const history = new History(new VirtualClock(new Random(1)));
  const run: Run = {
    ...OF_ONE,
    id: 0,
    by: 0,
    isBackground: false,
    way: "fill",
    began: { seq: 2, at: at(0) },
    condition: undefined,
    range: undefined,
    ifRange: undefined,
    head: { seq: 3, at: at(10) },
    said: { ...SAID, ...said },
    body: BODY,
    outgrew: undefined,
    over: { seq: 4, at: at(20) },
    ending: "clean",
    ...ran,
  };
  history.runs.push(run);
  if (second !== undefined) history.runs.push({ ...run, id: 1, by: 1, ...second });
  if (second !== undefined) run.head = { seq: 7, at: at(30) };
  history.requests.push({
    ...ASKED,
    id: 0,
    run,
    decision: "fill",
    outcome: undefined,
    began: { seq: 1, at: at(0) },
  });
  if (isAskedAgain === true)
    history.requests.push({
      ...ASKED,
      id: 1,
      isLast: true,
      began: { seq: 5, at: at(25) },
      decided: { seq: 5, at: at(25) },
    });
  history.requests.push({
    ...ASKED,
    id: history.requests.length,
    began: { seq: second === undefined ? 11 : 3, at: at(4) },
    ...request,
  });
  if (purge !== undefined) history.purges.push(purge);
  if (later !== undefined) history.purges.push(later);
  if (setBackMs !== undefined) history.setBacks.push({ when: { seq: 10, at: at(35) }, ms: setBackMs });
  if (write !== undefined) history.writes.push(write);
  return history;
}

const OF_ONE = { key: "k0", variant: "en", principal: "ann" };

const ASKED: Omit<Request, "id" | "began"> = {
  ...OF_ONE,
  method: "GET",
  hasCredentials: false,
  condition: undefined,
  range: undefined,
  ifRange: undefined,
  directives: {},
  isRefreshable: true,
  isLast: false,
  told: undefined,
  step: 0,
  isPromised: false,
  isAllShown: undefined,
  decided: { seq: 12, at: at(40) },
  decision: "serve",
  outcome: "hit",
  run: undefined,
  headed: { seq: 13, at: at(40) },
  status: 200,
  headBy: 0,
  etag: undefined,
  contentRange: undefined,
  cacheStatus: undefined,
  age: undefined,
  body: BODY,
  over: { seq: 14, at: at(40) },
  fate: "clean",
};

function judge(history: History, timersLeft = 0, world: World = WORLD): string | undefined {
  return violationIn(new Model(world, history), history, timersLeft)?.property;
}
