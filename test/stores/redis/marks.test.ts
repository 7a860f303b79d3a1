import { createClient } from "redis";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { connectionOf } from "../../../src/stores/redis/client.ts";
import { RedisMarks } from "../../../src/stores/redis/marks.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { logOf, useRedis } from "./support.ts";
import { areServersMissing } from "../../support/redis-servers.ts";

const MINUTE_US = 60 * 1_000_000;
const MARKS = "cr:{i}";
const BY_KEY = "cr:{i}k";
const used = useRedis();

beforeEach(async () => {
  await used.client.flushall();
});

/** The server's clock, in microseconds. */
async function serverTime(): Promise<number> {
  const [seconds, micros] = await used.client.time();
  return Number(seconds) * 1_000_000 + Number(micros);
}

async function namesInLog(): Promise<readonly string[]> {
  return (await logOf(used.store)).map(({ name }) => name);
}

describe.skipIf(areServersMissing)("the log of marks in Redis", () => {
  it("has marks by key in a set of their own, and all others in one, soft ones too", async () => {
    await used.store.marks.add(["t|a", "k|a", "~k|b"], 0);
    expect(await used.client.zrange(MARKS, "0", "-1")).toEqual(["*", "t|a", "~k|b"]);
    expect(await used.client.zrange(BY_KEY, "0", "-1")).toEqual(["", "k|a"]);
    expect(await namesInLog()).toEqual(["*", "t|a", "k|a", "~k|b"]);
  });

  it("has positions that are microseconds of the server", async () => {
    const before = await serverTime();
    const position = await used.store.marks.add(["t|a"], 0);
    expect(position).toBeGreaterThan(before);
    expect(position).toBeLessThan(before + MINUTE_US);
  });

  it("goes on above what was known before the server's clock was set back", async () => {
    const ahead = (await serverTime()) + 60 * MINUTE_US;
    const first = await used.store.marks.add(["t|a"], ahead);
    const second = await used.store.marks.add(["k|b"], 0);
    const third = await used.store.marks.add(["t|c"], first);
    expect([first > ahead, second > first, third > second]).toEqual([true, true, true]);
    expect(await namesInLog()).toEqual(["*", "t|a", "k|b", "t|c"]);
  });

  it.each([MARKS, BY_KEY])("is lost if %s is evicted, and begun again by the next mark", async (key) => {
    const last = await used.store.marks.add(["t|a", "k|b"], 0);
    await used.client.del(key);

    expect(await used.store.marks.read(0)).toEqual([]);
    const again = await used.store.marks.add(["t|c"], last);

    const log = await logOf(used.store);
    expect(log.slice(-2)).toEqual([
      { name: "*", position: again - 1 },
      { name: "t|c", position: again },
    ]);
    expect(again - 1).toBeGreaterThan(last);
  });

  it("is begun by a poll of what was lost, above all that is known", async () => {
    const last = await used.store.marks.add(["t|a"], 0);
    await used.client.flushall();
    const again = await used.store.marks.add([], last);
    expect(await logOf(used.store)).toEqual([{ name: "*", position: again }]);
    expect(again).toBeGreaterThan(last);
  });

  it("is one for all processes and libraries", async () => {
    const other = await createClient({ url: used.server.url }).connect();
    onTestFinished(() => other.destroy());
    const nodes = [used.store, redisStore(other)];
    const names = Array.from({ length: 200 }, (_, at) => `t|${at}`);

    const positions = await Promise.all(names.map(async (name, at) => nodes[at % 2]!.marks!.add([name], 0)));

    expect(new Set(positions).size).toBe(200);
    const [one, two] = await Promise.all(nodes.map(logOf));
    expect(one).toEqual(two);
    expect(one).toHaveLength(201);
  });

  it("keeps marks by key for ten minutes", async () => {
    const now = await serverTime();
    await used.store.marks.add([], 0);
    await used.client.zadd(
      BY_KEY,
      now - 12 * MINUTE_US,
      "k|old",
      now - 11 * MINUTE_US,
      "k|last",
      now,
      "k|new",
    );
    await used.store.marks.add(["k|newest"], 0);
    expect(await used.client.zrange(BY_KEY, "0", "-1")).toEqual(["", "k|last", "k|new", "k|newest"]);
  });

  it("keeps the last mark that a node can have seen, however old it is", async () => {
    const now = await serverTime();
    await used.store.marks.add([], 0);
    await used.client.zadd(MARKS, now - 60 * MINUTE_US, "*");
    await used.client.zadd(BY_KEY, now - 50 * MINUTE_US, "k|old", now - 40 * MINUTE_US, "k|last");
    await used.store.marks.add(["t|a"], 0);
    await used.store.marks.add(["t|b"], 0);
    expect(await namesInLog()).toEqual(["*", "k|last", "t|a", "t|b"]);
  });
});

/** Fills a set with marks at positions from 1 on. */
async function seed(key: string, prefix: string, count: number): Promise<void> {
  const lua = `for i = 1, ARGV[2] do redis.call('ZADD', KEYS[1], i, ARGV[1] .. i) end`;
  await used.client.eval(lua, 1, key, prefix, count);
}

describe.skipIf(areServersMissing)("a log that is full", () => {
  const limit = 100;
  let marks: RedisMarks;

  beforeEach(async () => {
    marks = new RedisMarks(connectionOf(used.client), [MARKS, BY_KEY], { marks: limit, byKey: limit });
    await marks.add([], 0);
    await used.client.zadd(MARKS, 0.5, "*");
  });

  it("forgets the oldest tags, and moves the mark of all tags up to them", async () => {
    await seed(MARKS, "t|", limit - 1);
    await marks.add(["t|new", "t|newer"], 0);
    expect((await marks.read(1)).slice(0, 2)).toEqual([
      { name: "t|", position: 2 },
      { name: "t|3", position: 3 },
    ]);
    expect(await used.client.zscore(MARKS, "*")).toBe("0.5");
  });

  it.each([
    ["u|", "*"],
    ["g|", "*"],
    ["~t|", "~t|"],
    ["~k|", "~*"],
    ["~r|", "~*"],
  ])("forgets the oldest of %s, and moves %s up to them", async (prefix, floor) => {
    await seed(MARKS, prefix, limit);
    await marks.add(["t|new"], 0);
    expect(await used.client.zscore(MARKS, floor)).toBe("2");
    expect(await used.client.zscore(MARKS, `${prefix}2`)).toBeNull();
    expect(await used.client.zscore(MARKS, `${prefix}3`)).toBe("3");
  });

  it("never moves such a mark back, and never forgets it", async () => {
    await seed(MARKS, "t|", limit - 2);
    await used.client.zadd(MARKS, 50.5, "t|", 0.1, "~*", 0.2, "~t|");
    await marks.add(["t|new", "t|newer"], 0);
    const kept = await used.client.zmscore(MARKS, "t|", "*", "~*", "~t|");
    expect(kept).toEqual(["50.5", "0.5", "0.10000000000000001", "0.20000000000000001"]);
    expect(await used.client.zcard(MARKS)).toBe(limit);
  });

  it("stays as long as it may be, whatever is added", async () => {
    for (let at = 0; at < 50; at++) await marks.add(names(at), 0);
    expect(await used.client.zcard(MARKS)).toBeLessThanOrEqual(limit + 4);
    expect(await used.client.zcard(BY_KEY)).toBeLessThanOrEqual(limit);
  });

  it("of marks by key counts what it forgets for everything", async () => {
    const now = await serverTime();
    const lua = `for i = 1, ARGV[2] do redis.call('ZADD', KEYS[1], ARGV[1] + i, 'k|' .. i) end`;
    await used.client.eval(lua, 1, BY_KEY, now, limit);
    await marks.add(["k|new"], 0);
    expect(await used.client.zscore(MARKS, "*")).toBe(String(now + 2));
    expect(await used.client.zcard(BY_KEY)).toBe(limit);
  });
});

function names(at: number): readonly string[] {
  return ["t|", "k|", "~t|", "u|", "~k|"].flatMap((kind) => [`${kind}${at}`, `${kind}${at} again`]);
}

it.skipIf(areServersMissing)("a mark for 100,000 entries costs what one for none costs", async () => {
  const { client, store } = used;
  const lua = `for i = 1, 100000 do redis.call('HSET', 'cr:r:' .. i, 'v', '[]') end`;
  const cost = async (): Promise<number> => {
    const start = performance.now();
    for (let at = 0; at < 200; at++) await store.marks.add(["t|all"], 0);
    return (performance.now() - start) / 200;
  };
  await cost();
  const none = await cost();
  await client.eval(lua, 0);
  const many = await cost();
  process.stdout.write(
    `marks.add: ${none.toFixed(3)} ms without entries, ${many.toFixed(3)} ms with 100,000\n`,
  );
  expect(await namesInLog()).toEqual(["*", "t|all"]);
});
