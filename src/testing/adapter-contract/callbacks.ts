import assert from "node:assert/strict";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { CacheOptions, Clock, RouteOptions } from "../../index.ts";
import type { ContractResponse } from "../adapter-harness.ts";
import { testClock } from "../clock.ts";
import type { TestClock } from "../clock.ts";
import type { Answer } from "./client.ts";
import { cached, text } from "./routes.ts";
import type { WatchedRoute } from "./routes.ts";
import type { Gate, Scenario, Scenarios } from "./stage.ts";

/** The controls of one scene. */
interface Play {
  ask(): Promise<Answer>;
  advance(seconds: number): void;
  /** Makes the function misbehave from now on. */
  fail(): void;
  /** Lets the handler respond. */
  open(): void;
}

/** The kinds of request during which a function is called. */
const PATHS: Readonly<Record<string, (play: Play) => Promise<readonly Answer[]>>> = {
  "on a miss": async ({ ask, fail, open }) => {
    fail();
    open();
    return [await ask()];
  },
  "on a hit": async ({ ask, fail, open }) => {
    open();
    const first = await ask();
    fail();
    return [first, await ask()];
  },
  "on a stale response and its refresh": async ({ ask, advance, fail, open }) => {
    open();
    const first = await ask();
    advance(61);
    fail();
    const answers = [first, await ask(), await ask()];
    // A refresh begins in a later turn, and some runtimes have none for a millisecond.
    await pause(5);
    return answers;
  },
  "as a follower": async ({ ask, fail, open }) => {
    fail();
    const both = [ask(), ask()];
    await turn();
    open();
    return Promise.all(both);
  },
};

/** A route's functions that behave correctly. */
const GOOD = {
  key: (name: string) => () => name,
  scope: () => () => "ann",
  ttl: () => () => 60,
  tags: () => () => ["one"],
} satisfies Record<string, (name: string) => () => unknown>;

/** What an application's function may do by mistake. */
const MISHAPS: Readonly<Record<string, () => unknown>> = {
  "is asynchronous": async () => "a value",
  rejects: async () => {
    throw new Error("down");
  },
  "rejects with nothing": () => Promise.reject(undefined),
  throws: () => {
    throw new Error("down");
  },
  "throws nothing": () => thrown(undefined),
  "throws a text that a framework knows": () => thrown("route"),
  "returns nothing": () => undefined,
  "returns null": () => null,
  "returns NaN": () => Number.NaN,
  "returns Infinity": () => Infinity,
  "returns a negative number": () => -1,
  "returns a symbol": () => Symbol("s"),
  "returns a long text": () => "x".repeat(100_000),
  "returns an object whose getters throw": () => new Proxy({}, { get: () => thrown(new Error("lazy")) }),
};

/** The current fault of a function. Undefined: it behaves correctly. */
interface State {
  fault: (() => unknown) | undefined;
}

/** The functions of a cache, which behave correctly until their state has a fault. */
const OF_A_CACHE: Readonly<Record<string, (state: State, clock: TestClock) => CacheOptions>> = {
  "the reporter": (state) => ({ reporter: () => state.fault?.() as never }),
  onError: (state) => ({
    store: { name: "down", shared: false, get: down, set: down, delete: down, clear: down },
    onError: () => state.fault?.() as never,
  }),
  random: (state) => ({ random: () => (state.fault?.() ?? 0.5) as never }),
  "clock.now": (state, clock) => ({
    clock: {
      now: () => (state.fault === undefined ? clock.now() : state.fault()) as never,
      schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
    },
  }),
  "clock.schedule": (state, clock) => ({
    clock: {
      now: () => clock.now(),
      schedule: (callback, delayMs) =>
        (state.fault === undefined ? clock.schedule(callback, delayMs) : state.fault()) as never,
    },
  }),
};

/**
 * The application's own functions (hazard 48). Whatever they do, every request gets a response, no rejection is unhandled,
 * and later requests are not affected.
 */
export const callbacks: Scenarios = {
  ...Object.fromEntries(
    Object.keys(PATHS).flatMap((path) => [
      ...(["key", "scope", "ttl", "tags"] as const).map((option): [string, Scenario] => [
        `a request gets a response whatever its ${option} function does: ${path}`,
        ofRoute(option, path),
      ]),
      ...Object.keys(OF_A_CACHE).map((option): [string, Scenario] => [
        `a request gets the handler's response whatever ${option} does: ${path}`,
        ofCache(option, path),
      ]),
    ]),
  ),

  "a clock that calls back at once and twice fails no request": async (stage) => {
    const clock = testClock();
    const hasty: Clock = {
      now: () => clock.now(),
      schedule: (callback) => {
        callback();
        callback();
        return () => undefined;
      },
    };
    const answers = await whileNothingRejects("calls back at once", async () => {
      const { get } = await stage.site([cached("/a")], { clock: hasty });
      return [await get("/a"), await get("/a")];
    });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
  },

  "a clock that never calls back holds no request": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", async (_, run) => {
      await gate.opened;
      return text(`run ${run}`);
    });
    const still: Clock = { now: () => Date.UTC(2026, 0, 1), schedule: () => () => undefined };
    const { get } = await stage.site([route], { clock: still });
    const both = [get("/a"), get("/a")];
    await stage.until(() => route.seen.length === 1, "the first runs");
    gate.open();
    const answers = await Promise.all(both);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
  },
};

function ofRoute(option: keyof typeof GOOD, path: string): Scenario {
  return eachFault(path, () => ({
    route: (name, state) => ({ [option]: () => (state.fault ?? GOOD[option](name))() }),
    judge: ({ answers, after, route }) => {
      const areWhole = answers.every((answer) => answer.status >= 500 || answer.text.startsWith("run "));
      assert.ok(areWhole, "each response is the handler's or an error");
      assert.deepEqual([after.status, after.text], [200, `run ${route.seen.length}`]);
    },
  }));
}

function ofCache(option: string, path: string): Scenario {
  return eachFault(path, (clock) => ({
    cache: (state) => OF_A_CACHE[option]?.(state, clock) ?? {},
    judge: ({ answers, after }) => {
      for (const answer of [...answers, after]) {
        assert.equal(answer.status, 200);
        assert.match(answer.text, /^run /);
      }
    },
  }));
}

/** The responses while the function misbehaved, and one after it. */
interface Played {
  readonly answers: readonly Answer[];
  readonly after: Answer;
  readonly route: WatchedRoute;
}

interface Matrix {
  /** Returns options of the route for one fault. */
  route?(name: string, state: State): RouteOptions;
  cache?(state: State): CacheOptions;
  judge(played: Played): void;
}

/** Plays a path with each fault in turn, each on its own route of one server. */
function eachFault(path: string, matrixOf: (clock: TestClock) => Matrix): Scenario {
  return async (stage) => {
    const clock = testClock();
    const { route: optionsOf = () => ({}), cache = () => ({}), judge } = matrixOf(clock);
    const state: State = { fault: undefined };
    const faults = Object.entries(MISHAPS).map(([name, fault], at) => ({ name, fault, ...gated(at) }));
    function gated(at: number): { readonly gate: Gate; readonly route: WatchedRoute } {
      const gate = stage.gate();
      const answering = async (_: unknown, run: number): Promise<ContractResponse> => {
        await gate.opened;
        return text(`run ${run}`, { link: ["</a>", "</b>"] });
      };
      const options = { ttl: 60, staleWhileRevalidate: 600, jitter: 0.5, earlyRefresh: 1 };
      return { gate, route: cached(`/${at}`, answering, { ...options, ...optionsOf(`${at}`, state) }) };
    }
    const routes = faults.map(({ route }) => route);
    const { get } = await stage.site(routes, { clock, ...cache(state) });
    for (const { name, fault, gate, route } of faults) {
      await whileNothingRejects(name, async () => {
        const answers = await PATHS[path]?.({
          ask: () => get(route.path),
          advance: (seconds) => clock.advance(seconds),
          fail: () => void (state.fault = fault),
          open: gate.open,
        });
        await turn();
        state.fault = undefined;
        // After all stale windows and the backoff of refreshes.
        clock.advance(700);
        judge({ answers: answers ?? [], after: await get(route.path), route });
      });
    }
  };
}

async function whileNothingRejects<T>(what: string, happens: () => Promise<T>): Promise<T> {
  const rejected: unknown[] = [];
  const note = (error: unknown): void => void rejected.push(error);
  process.on("unhandledRejection", note);
  try {
    const answer = await happens();
    await turn();
    assert.deepEqual(rejected, [], `no rejection is unhandled where a function ${what}`);
    return answer;
  } finally {
    process.off("unhandledRejection", note);
  }
}

function down(): never {
  throw new Error("down");
}

function thrown(value: unknown): never {
  // Applications also throw values that are no errors.
  const error = value as Error;
  throw error;
}
