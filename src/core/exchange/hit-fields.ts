import { fieldOf } from "../../http/fields.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import type { FieldValue, Fields } from "../../http/fields.ts";
import type { Digest } from "../digest.ts";
import type { Refusal } from "../events.ts";
import { ageOf, ttlOf } from "../freshness.ts";
import { statusFields, statusKey } from "../status.ts";
import type { Entry } from "../store.ts";
import type { Policy, Reply } from "../types.ts";

/** What the hits of one second on one entry have in common. */
export interface HitSaid {
  readonly policy: Policy;
  readonly age: number;
  readonly ttl: number | undefined;
  /** `Age` and the status fields. */
  readonly fields: Fields;
  /** The replies that were made with them. */
  readonly made: { whole?: Reply; notModified?: Reply };
}

/**
 * Says what a hit adds to its entry: `Age` and the status fields.
 *
 * They count in whole seconds, so all hits of one second say the same; the first of them works it out. It is kept for
 * that second only: what entries weigh in a store is not what is kept here.
 */
export class HitFields {
  readonly #digest: Digest;
  #second = 0;
  #said = new WeakMap<Entry, HitSaid>();

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /** Answers the same as long as neither the age nor the time to live changes, within one second. */
  of(entry: Entry, policy: Policy, now: number): HitSaid {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#said = new WeakMap();
    }
    const age = ageOf(entry, now);
    const ttl = ttlOf(entry, now);
    const known = this.#said.get(entry);
    if (known !== undefined && known.age === age && known.ttl === ttl && known.policy === policy)
      return known;
    const key = statusKey(policy, entry.key, entry.variant, this.#digest);
    const status = statusFields(
      policy,
      { hit: true, ...(ttl === undefined ? {} : { ttl }), ...key },
      inner(entry),
    );
    const said: HitSaid = { policy, age, ttl, fields: [["age", String(age)], ...status], made: {} };
    this.#said.set(entry, said);
    return said;
  }
}

/** What a request adds that went on to the handler and is answered with an entry: how, is what `status` says. */
export function forwardedFields(
  policy: Policy,
  entry: Entry,
  now: number,
  digest: Digest,
  status: Pick<CacheStatus, "fwd" | "collapsed" | "stored" | "detail">,
  fromCache: boolean = false,
): Fields {
  const key = statusKey(policy, entry.key, entry.variant, digest);
  const said = statusFields(policy, { ...status, ...key }, inner(entry), fromCache);
  return [["age", String(ageOf(entry, now))], ...said];
}

/** What a stale entry adds that stands in the place of an answer that was asked for: `because` is why. */
export function staleFields(
  policy: Policy,
  entry: Entry,
  now: number,
  digest: Digest,
  because: Refusal,
): Fields {
  return forwardedFields(policy, entry, now, digest, { fwd: "stale", detail: because }, true);
}

function inner(entry: Entry): FieldValue | undefined {
  return fieldOf(entry.fields, "cache-status");
}
