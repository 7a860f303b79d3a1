import type { Mark, Marks } from "../../core/contract/store.ts";
import type { Connection } from "./client.ts";
import { ADD_MARKS, READ_MARKS, run } from "./scripts.ts";

/** The most marks that `read` returns at once. */
const PAGE = 1000;
/** Over these numbers the oldest marks are forgotten, and count for all that they may have been about. */
const LIMITS = { marks: 100_000, byKey: 1_000_000 };
/** How long marks by key are kept: as long as a deletion is remembered. In microseconds. */
const KEPT_US = 10 * 60 * 1_000_000;

/** A client that could not read a reply, and has not closed its connection, gives each command the reply of an earlier one. */
const MISPLACED = "the client returned the reply of another command; close it, and connect it again";

/** The log of invalidations, in two sorted sets: names by position. */
export class RedisMarks implements Marks {
  readonly fullPage: number = PAGE;
  readonly #connection: Connection;
  readonly #keys: readonly [string, string];
  readonly #limits: typeof LIMITS;
  /** Begins the tickets of this log, so that those of another one on the same client differ. */
  readonly #series = Math.random().toString(36).slice(2);
  #reads = 0;

  constructor(connection: Connection, keys: readonly [string, string], limits: typeof LIMITS = LIMITS) {
    this.#connection = connection;
    this.#keys = keys;
    this.#limits = limits;
  }

  async read(from: number): Promise<readonly Mark[]> {
    // The member '' has position 0.
    const ticket = `${this.#series}.${++this.#reads}`;
    const args = [String(Math.max(from, 1)), String(PAGE), ticket];
    const reply = (await run(this.#connection, READ_MARKS, this.#keys, args)) as readonly [
      Page,
      Page,
      unknown,
    ];
    // An old reply would hide what was invalidated since.
    if (!Array.isArray(reply) || String(reply[2]) !== ticket) throw new Error(MISPLACED);
    const [marks, byKey] = reply.slice(0, 2).map((page) => marksIn(page as Page)) as [Mark[], Mark[]];
    if (byKey.length === 0) return marks;
    if (marks.length === 0) return byKey;
    return [...marks, ...byKey].toSorted((one, other) => one.position - other.position).slice(0, PAGE);
  }

  async add(names: readonly string[], above: number): Promise<number> {
    const limits = [above, this.#limits.marks, this.#limits.byKey, KEPT_US].map(String);
    const last = await run(this.#connection, ADD_MARKS, this.#keys, [...limits, ...names.map(encoded)]);
    return Number(String(last));
  }
}

/** Names and positions in turn. */
type Page = readonly (string | Uint8Array)[];

function marksIn(page: Page): Mark[] {
  const marks: Mark[] = [];
  for (let at = 0; at < page.length; at += 2)
    marks.push({ name: decoded(String(page[at])), position: Number(String(page[at + 1])) });
  return marks;
}

/** In UTF-8 all lone surrogates are the same. No name begins with a quotation mark. */
function encoded(name: string): string {
  return /\p{Surrogate}/u.test(name) ? JSON.stringify(name) : name;
}

function decoded(member: string): string {
  return member.startsWith('"') ? (JSON.parse(member) as string) : member;
}
