import type { CacheStatus } from "../../http/cache-status.ts";
import { fieldOf } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, Reply } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { ageOf, ttlOf } from "../freshness/freshness.ts";
import { statusFields, statusKey } from "./status-fields.ts";

/** Why a request that waited for another's run had been on its way to the handler. */
type Forward = CacheStatus["fwd"];

/** What the answers of one second from one entry have in common. */
export interface Said {
  readonly policy: Policy;
  readonly age: number;
  readonly ttl: number | undefined;
  readonly fwd: Forward;
  /** `Age` and the status fields. */
  readonly fields: Fields;
  /** The replies that were made with them. */
  readonly made: { whole?: Reply; notModified?: Reply };
}

/**
 * Says what an answer from the cache adds to its entry: `Age` and the status fields.
 *
 * They count in whole seconds, so all hits of one second say the same, and so do all who waited for one run; the first
 * of them works it out. It is kept for that second only: what entries weigh in a store is not what is kept here.
 */
export class HitFields {
  readonly #digest: Digest;
  #second = 0;
  #hits = new WeakMap<Entry, Said>();
  #collapsed = new WeakMap<Entry, Said>();

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /** Of a hit: the same as long as neither the age nor the time to live changes, within one second. */
  of(entry: Entry, policy: Policy, now: number): Said {
    this.#keepTo(now);
    return this.#recall(this.#hits, entry, policy, now, ttlOf(entry, now), undefined);
  }

  /** Of one who waited for another's run, which `fwd` says the reason of. */
  collapsed(entry: Entry, policy: Policy, now: number, fwd: Forward): Said {
    this.#keepTo(now);
    return this.#recall(this.#collapsed, entry, policy, now, undefined, fwd);
  }

  #keepTo(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#hits = new WeakMap();
    this.#collapsed = new WeakMap();
  }

  #recall(
    said: WeakMap<Entry, Said>,
    entry: Entry,
    policy: Policy,
    now: number,
    ttl: number | undefined,
    fwd: Forward,
  ): Said {
    const age = ageOf(entry, now);
    const known = said.get(entry);
    if (known?.age === age && known.ttl === ttl && known.policy === policy && known.fwd === fwd) return known;
    const key = statusKey(policy, entry.key, entry.variant, this.#digest);
    const how = fwd === undefined ? { hit: true } : { fwd, collapsed: true };
    const status = { ...how, ...(ttl === undefined ? {} : { ttl }), ...key };
    const fields: Fields = [["age", String(age)], ...statusFields(policy, status, inner(entry))];
    const fresh: Said = { policy, age, ttl, fwd, fields, made: {} };
    said.set(entry, fresh);
    return fresh;
  }
}

/** What a request adds that went on to the handler and is answered with an entry: how, is what `status` says. */
export function forwardedFields(
  policy: Policy,
  entry: Entry,
  now: number,
  digest: Digest,
  status: Pick<CacheStatus, "fwd" | "stored" | "detail">,
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
