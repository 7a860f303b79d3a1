import { isStoredField } from "../../http/fields.ts";
import type { StoredFields } from "../../http/fields.ts";
import type { Policy } from "../contract/request-and-policy.ts";
import type { BareEntry } from "../contract/bare-entry.ts";
import type { Patience } from "../contract/platform.ts";
import type { ChooseVariant, Entry, EntryHead, Look, MaybePromise, Read } from "../contract/store.ts";
import { copied, fixedBytes, nameList } from "./untrusted.ts";

/** The result of a lookup. */
export interface Found {
  /** The entry that the request selects, fresh or stale. Undefined: none. */
  readonly entry: Entry | undefined;
  /** The `vary` list of the resource. Empty for an unknown resource. */
  readonly vary: readonly string[];
  /** Only the head of the entry was read: its content is empty, and must not be sent. Absent: it is whole. */
  readonly isBare?: true;
  /**
   * What stands for the entry where what is prepared for hits is remembered: a store that reads content from elsewhere
   * returns another entry for each hit. Absent: the entry itself.
   */
  readonly remembered?: Entry;
}

/** How far in the future `storedAt` may be: another node's clock is ahead, or the entry was stored during the lookup. */
const AHEAD_MS = 1000;

/** A head that was read from the store and passed all checks. */
interface CheckedHead {
  /** A copy without content, so that later changes of the store's object have no effect. */
  readonly head: Entry;
  /** The length that the content must have. */
  readonly length: number;
  /** The entry without its content, once it was asked for. */
  bare: FoundEntry | undefined;
  /** The last route rule that allowed all its fields. */
  rule: StoredFields | undefined;
}

/** A checked entry, by the content that the store returns each time. */
interface CheckedEntry {
  /** The head with which it was returned. */
  readonly read: EntryHead;
  readonly checked: CheckedHead;
  readonly found: FoundEntry;
}

interface FoundEntry extends Found {
  readonly entry: Entry;
}

/** The rule for reading: a route's, or as much of one as there is. */
export type ReadRule = StoredFields &
  Partial<Pick<Policy, "vary" | "staleWhileRevalidateMs" | "staleIfErrorMs">>;

/** What a lookup reads. */
interface Gettable {
  get(key: string, choose: ChooseVariant, look: Look, patience?: Patience): MaybePromise<Read | undefined>;
}

/** Returns an entry as it is now; undefined if it was invalidated. */
type CurrentEntry = (entry: Entry, now: number, rule: ReadRule) => Entry | undefined;

/** The rule for reading an entry without a route. */
const ALLOWS_ALL: ReadRule = {
  storeDate: true,
  setCookie: "store",
  scope: "shared",
  statusHeader: undefined,
};

/**
 * Finds the entry that a request selects: the resource by its key, then the variant by the resource's `vary` list
 * (RFC 9111 §4.1).
 *
 * What a store returns is untrusted. Each member is read once into a copy and checked before it reaches a client: it may be
 * a foreign value, have a line break that splits the response, or framing that desynchronizes the connection (hazards 23,
 * 24 and 49). A head is checked only once.
 */
export class Lookup {
  readonly #store: Gettable;
  readonly #onUntrusted: () => void;
  readonly #current: CurrentEntry;
  readonly #heads = new WeakMap<EntryHead, CheckedHead>();
  readonly #entries = new WeakMap<Uint8Array, CheckedEntry>();
  readonly #looks = new WeakMap<ReadRule, Looks>();

  /**
   * `onUntrusted` is called for each corrupt entry, which is a miss. An entry for which `current` returns undefined is a
   * miss as well.
   */
  constructor(
    store: Gettable,
    onUntrusted: () => void = () => undefined,
    current: CurrentEntry = (entry) => entry,
  ) {
    this.#store = store;
    this.#onUntrusted = onUntrusted;
    this.#current = current;
  }

  /**
   * `rule` is the route's: an entry with a field that the route never stores is corrupt. Without `needsBody` the store may
   * return the head alone. What is waited for besides the store is taken from `patience`.
   */
  find(
    key: string,
    choose: ChooseVariant,
    now: number,
    rule: ReadRule = ALLOWS_ALL,
    needsBody = true,
    patience?: Patience,
  ): MaybePromise<Found> {
    const asked: Asked = { key, rule, needsBody, vary: undefined, variant: undefined };
    const chosen = (names: readonly string[]): string => {
      asked.vary = names;
      try {
        return (asked.variant = choose(names));
      } catch (error) {
        // Headers throw for what is no name of a field. That the list is corrupt is no failure of the store.
        if (!Array.isArray(names) || nameList(names) !== undefined) throw error;
        return (asked.variant = "");
      }
    };
    const looks = this.#looksOf(rule);
    const read = this.#store.get(key, chosen, needsBody ? looks.whole : looks.bare, patience);
    return read instanceof Promise
      ? read.then((later) => this.#found(later, asked, chosen, looks, now))
      : this.#found(read, asked, chosen, looks, now);
  }

  #found(read: Read | undefined, asked: Asked, choose: ChooseVariant, looks: Looks, now: number): Found {
    if (read === undefined || read === null) return NOTHING;
    let { vary } = asked;
    let head: EntryHead | undefined;
    let body: Uint8Array | undefined;
    try {
      // The store may have chosen by a list that it guessed.
      const { vary: given } = read;
      if (given !== vary) vary = nameList(given);
      ({ head, body } = read);
    } catch {
      return this.#distrust();
    }
    if (vary === undefined) return this.#distrust();
    // Content without a head is no `Read`: a store of an earlier contract returned the entry itself.
    if (head === undefined || head === null)
      return body === undefined ? this.#missing(vary, looks) : this.#distrust();
    if (vary !== asked.vary) choose(vary);
    const found = this.#checked(head, body, asked);
    if (found === undefined) return this.#distrust(nameList(vary));
    const { entry } = found;
    looks.learn(entry.vary);
    const current = this.#current(entry, now, asked.rule);
    if (current === undefined || !isUsable(current, now)) return { entry: undefined, vary: entry.vary };
    return current === entry ? found : { ...found, entry: current, remembered: current };
  }

  #looksOf(rule: ReadRule): Looks {
    let looks = this.#looks.get(rule);
    if (looks === undefined) {
      looks = new Looks(rule.vary ?? []);
      this.#looks.set(rule, looks);
    }
    return looks;
  }

  #distrust(vary: readonly string[] = []): Found {
    this.#onUntrusted();
    return { entry: undefined, vary };
  }

  /** A resource that lacks the variant. */
  #missing(vary: readonly string[], looks: Looks): Found {
    const names = nameList(vary);
    if (names === undefined) return this.#distrust();
    looks.learn(names);
    return { entry: undefined, vary: names };
  }

  /** Returns what was asked for. Undefined: what the store returned is corrupt. */
  #checked(read: EntryHead, body: Uint8Array | undefined, asked: Asked): FoundEntry | undefined {
    const known = isObject(body) ? this.#entries.get(body) : undefined;
    if (known?.read === read) {
      const { checked, found } = known;
      // Content whose buffer was transferred away has no bytes any more.
      return isAsked(checked, asked) && found.entry.body.byteLength === checked.length ? found : undefined;
    }
    const isNew = !isObject(read) || !this.#heads.has(read);
    const checked = isNew ? this.#readHead(read) : this.#heads.get(read);
    if (checked === undefined || !isAsked(checked, asked)) return undefined;
    if (body === undefined) return asked.needsBody ? undefined : bareOf(checked);
    const bytes = fixedBytes(body);
    if (bytes === undefined || bytes.byteLength !== checked.length) return undefined;
    // The head has a body already: V8 takes 5 µs to add a member to a copy, and gives each such object a shape of its own.
    const entry: Entry = { ...checked.head, body: bytes };
    const { vary } = entry;
    // A store that reads content from elsewhere returns other bytes each time. Where they were a key of a weak map, V8 would
    // hold them for much longer: a hit of 64 KB would cost half as much again.
    if (!isNew) return { entry, vary, remembered: bareOf(checked).entry };
    const found = { entry, vary };
    this.#entries.set(body, { read, checked, found });
    return found;
  }

  #readHead(read: EntryHead): CheckedHead | undefined {
    const copy = copied(read);
    if (copy === undefined) return undefined;
    const checked: CheckedHead = { ...copy, bare: undefined, rule: undefined };
    this.#heads.set(read, checked);
    return checked;
  }
}

/** What a lookup asks a store for, with and without content. */
class Looks {
  whole: Look;
  bare: Look;

  constructor(likely: readonly string[]) {
    this.whole = { likely, body: true };
    this.bare = { likely, body: false };
  }

  /** Remembers the list of the resource that was read last. */
  learn(vary: readonly string[]): void {
    const { likely } = this.whole;
    if (likely === vary) return;
    if (likely.length === vary.length && likely.every((name, at) => name === vary[at])) return;
    this.whole = { likely: vary, body: true };
    this.bare = { likely: vary, body: false };
  }
}

/** What is looked up, and how the store has chosen a variant. */
interface Asked {
  readonly key: string;
  readonly rule: ReadRule;
  readonly needsBody: boolean;
  /** The list by which it chose last. */
  vary: readonly string[] | undefined;
  variant: string | undefined;
}

const NOTHING: Found = Object.freeze({ entry: undefined, vary: [] });

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The age of an entry from the future is unknown: a clock was set back, or another node's clock is ahead. */
function isUsable({ storedAt, deleteAt }: Entry, now: number): boolean {
  return storedAt <= now + AHEAD_MS && now < deleteAt;
}

function isAsked(checked: CheckedHead, { key, variant, rule }: Asked): boolean {
  const { head } = checked;
  return head.key === key && head.variant === variant && isAllowed(checked, rule);
}

function bareOf(checked: CheckedHead): FoundEntry {
  const { head, length } = checked;
  if (checked.bare === undefined) {
    const bare: BareEntry = Object.assign({}, head, { length });
    checked.bare = { entry: bare, vary: bare.vary, isBare: true };
  }
  return checked.bare;
}

function isAllowed(known: CheckedHead, rule: StoredFields): boolean {
  if (known.rule === rule) return true;
  if (!known.head.fields.every(([name]) => isStoredField(name, rule))) return false;
  known.rule = rule;
  return true;
}
