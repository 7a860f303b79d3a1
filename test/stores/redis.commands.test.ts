import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import type { Store } from "../../src/index.ts";
import { storeContract } from "../../src/testing/index.ts";
import { libraries } from "./redis/clients.ts";
import { entryOf, read, useRedis } from "./redis/support.ts";
import { areServersMissing } from "../support/redis-servers.ts";

const PAGE = readFileSync("docs/redis.md", "utf8");
/** The oldest version of Redis that the store works with. */
const OLDEST = [6, 2];

const used = useRedis();

/** The commands in a table of the page, under a heading. */
function documented(heading: string): readonly string[] {
  const section = PAGE.split(`### ${heading}\n`)[1]?.split("\n#")[0] ?? "";
  const cells = section.match(/^\| [^|]+ \|/gm) ?? [];
  return cells.flatMap((cell) => cell.match(/[A-Z]{2,}/g) ?? []).toSorted();
}

/** One command that the server has run. */
interface Recorded {
  readonly words: readonly string[];
  readonly isOfScript: boolean;
}

/** Runs something, and returns all that the server was told meanwhile, also by scripts. */
async function recorded(run: () => Promise<unknown>): Promise<readonly Recorded[]> {
  const socket = connect(used.server.port, used.server.host);
  onTestFinished(() => void socket.destroy());
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  socket.write("MONITOR\r\n");
  await lines.next();
  await run();
  await used.client.echo("end");
  const commands: Recorded[] = [];
  for (;;) {
    // Such as: +1796003211.325201 [0 127.0.0.1:46868] "hmget" "cr:r:k" "v"
    const line = String((await lines.next()).value);
    const words = Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = ""]) => word);
    if (words[0] === "echo") return commands;
    commands.push({ words, isOfScript: / lua\] /.test(line) });
  }
}

function namesOf(commands: readonly Recorded[]): readonly string[] {
  return [...new Set(commands.map(({ words }) => words[0]!.toUpperCase()))].toSorted();
}

async function everything(store: Store): Promise<void> {
  const makeStore = (): Store => store;
  for (const check of storeContract(makeStore, { capabilities: ["marks", "leases"] })) {
    await used.client.flushall();
    await check.run();
  }
  // What few checks need: many variants, and a value of another type.
  for (let at = 0; at < 300; at++) await store.set(entryOf("k", { vary: ["a"], variant: String(at) }));
  await store.set(entryOf("k", { vary: ["a"], deleteAt: Infinity }));
  const seed = "for i = 1, 100000 do redis.call('ZADD', KEYS[1], i, 't|' .. i) end";
  await store.marks!.add([], 0);
  await used.client.eval(seed, 1, "cr:{i}");
  await store.marks!.add(["t|a"], 0);
}

/** A command in the reply of `COMMAND DOCS`: names and values in turn. */
type Docs = readonly unknown[];

function memberOf(docs: Docs, name: string): unknown {
  const at = docs.indexOf(name);
  return at === -1 ? undefined : docs[at + 1];
}

function isOldEnough(since: unknown): boolean {
  const [major = 0, minor = 0] = String(since).split(".").map(Number);
  return major < OLDEST[0]! || (major === OLDEST[0] && minor <= OLDEST[1]!);
}

/** The option words of a command that are newer than the oldest version, at any depth. */
function newWords(docs: Docs, isNew = false): readonly string[] {
  const args = (memberOf(docs, "arguments") ?? []) as readonly Docs[];
  return args.flatMap((argument) => {
    const isNewToo = isNew || !isOldEnough(memberOf(argument, "since") ?? "0");
    const token = memberOf(argument, "token");
    return [...(isNewToo && typeof token === "string" ? [token] : []), ...newWords(argument, isNewToo)];
  });
}

/** One library of each kind: they send what the store tells them. */
const ofEachKind = libraries.filter(({ name }) => ["node-redis 6", "ioredis 6"].includes(name));

describe.skipIf(areServersMissing)("the commands of the Redis store", () => {
  it.each(ofEachKind)("are those of the page, at most as new as Redis 6.2, with $name", async (library) => {
    const { client, close } = await library.single(used.server);
    onTestFinished(async () => void (await close()));
    const store = redisStore(client);
    await store.set(entryOf("warm"));

    const commands = await recorded(async () => everything(store));

    const [sent, called] = [false, true].map((isOfScript) =>
      namesOf(commands.filter((command) => command.isOfScript === isOfScript)),
    );
    const ofStore = sent!.filter((name) => name !== "FLUSHALL");
    expect(ofStore).toEqual(documented("Commands that are sent"));
    expect(called).toEqual(documented("Commands that scripts call"));
    const names = [...new Set([...ofStore, ...called!])];
    const docs = (await used.client.call("COMMAND", "DOCS", ...names)) as readonly (string | Docs)[];
    const known = names.map((name) => docs[docs.indexOf(name.toLowerCase()) + 1] as Docs);
    expect(names.filter((_, at) => !isOldEnough(memberOf(known[at]!, "since")))).toEqual([]);
    const optionsOf = new Map(names.map((name, at) => [name, newWords(known[at]!)]));
    expect(optionsOf.get("PEXPIRE")).toContain("NX");
    expect(
      commands.filter(({ words: [name, ...words] }) =>
        optionsOf.get(name!.toUpperCase())?.some((word) => words.includes(word)),
      ),
    ).toEqual([]);
  });

  it("for a hit, and for its head, are one HMGET, without the list where the variant is known", async () => {
    await used.store.set(entryOf("k"));
    const commands = await recorded(async () => {
      await read(used.store, "k");
      await read(used.store, "k");
      await used.store.get("k", () => "", { likely: [], body: false });
    });
    expect(commands.map(({ words }) => words)).toEqual([
      ["hmget", "cr:r:k", "v", "h", "b"],
      ["hmget", "cr:r:k", "h", "b"],
      ["hmget", "cr:r:k", "h"],
    ]);
  });

  it("for a variant that was known and is gone are two HMGET, and one from then on", async () => {
    await used.store.set(entryOf("gone"));
    await read(used.store, "gone");
    await used.client.del("cr:r:gone");
    const found: unknown[] = [];
    const commands = await recorded(async () => {
      for (let times = 0; times < 2; times++) found.push(await read(used.store, "gone"));
    });
    expect(found).toEqual([undefined, undefined]);
    expect(commands.map(({ words }) => words)).toEqual([
      ["hmget", "cr:r:gone", "h", "b"],
      ["hmget", "cr:r:gone", "v", "h", "b"],
      ["hmget", "cr:r:gone", "v", "h", "b"],
    ]);
  });

  it("for a known variant whose resource has another list now read that list", async () => {
    await used.store.set(entryOf("list", { variant: "same", vary: ["accept"] }));
    await read(used.store, "list", "same");
    const other = redisStore(used.client);
    await other.set(entryOf("list", { variant: "same", vary: ["cookie"], status: 404 }));
    const look = { likely: ["accept"], body: true };
    const found = await used.store.get("list", () => "same", look);
    expect([found?.vary, found?.head?.status]).toEqual([["cookie"], 404]);
    await other.set(entryOf("list", { variant: "third", vary: ["x-other"] }));
    expect(await used.store.get("list", () => "same", look)).toEqual({ vary: ["x-other"] });
  });
});

describe.skipIf(areServersMissing)("a user with the rights on the page", () => {
  const options = { username: "cache", password: "a-long-secret" };

  beforeAll(async () => {
    const rule = /^ACL SETUSER cache (.*)$/m.exec(PAGE)![1]!;
    await used.client.call("ACL", "SETUSER", "cache", ...rule.split(" "));
  });

  it.each(libraries)("can do all that the store does with $name", async (library) => {
    const { client, close } = await library.single(used.server, options);
    onTestFinished(async () => void (await close()));
    const who = await (client as unknown as Calling).call?.("ACL", "WHOAMI").catch(String);
    const store = redisStore(client);
    await used.client.flushall();

    await store.set(entryOf("k"));
    const found = await read(store, "k");
    const removed = await store.delete("k", 1);
    const position = await store.marks!.add(["t|a", "k|b"], 0);
    const lease = await store.leases!.acquire("a", "1", 1000);
    await store.leases!.release("a", "1", { alone: 1000 });
    await store.clear();

    expect([found?.head?.key, removed, lease]).toEqual(["k", 1, "mine"]);
    expect((await store.marks!.read(position))[0]?.position).toBe(position);
    expect(who ?? "NOPERM").toContain("NOPERM");
  });

  it("passes the store contract", async () => {
    const { client, close } = await libraries[0]!.single(used.server, options);
    onTestFinished(async () => void (await close()));
    await expect(everything(redisStore(client))).resolves.toBeUndefined();
  });

  it("can do nothing else, and nothing with other keys", async () => {
    const client = new Redis(used.server.port, options);
    onTestFinished(() => client.disconnect());
    await expect(client.get("other")).rejects.toThrow(/NOPERM/);
    await expect(client.flushall()).rejects.toThrow(/NOPERM/);
  });
});

/** ioredis. */
interface Calling {
  call?(...words: readonly string[]): Promise<unknown>;
}
