import type { CacheStatus } from "../../http/cache-status.ts";
import { fieldOf } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, Reply } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { ageOf, ttlOf } from "../freshness/freshness.ts";
import { toldToClient } from "./client-cache-control.ts";
import { statusFields, statusKey } from "./status-fields.ts";

/** Why a request would have gone to the handler. */
type Forward = CacheStatus["fwd"];

/** What all replies from one entry in one second have in common. */
interface Added {
  readonly policy: Policy;
  readonly age: number;
  readonly ttl: number | undefined;
  readonly fwd: Forward;
  readonly detail: "blind" | undefined;
  /** `Age` and the status fields. */
  readonly fields: Fields;
  /** What clients are told where neither the handler nor middleware does. */
  readonly unlessSet: Fields | undefined;
  /** The replies that were made with them. */
  readonly made: { whole?: Reply; notModified?: Reply };
}

/**
 * Makes the fields that a reply adds to those of its entry: `Age` and the status fields.
 *
 * `Age` is in whole seconds, so all hits of one second add the same fields. They are kept for that second only, so that
 * an entry needs little more memory than its store counts.
 */
export class HitFields {
  readonly #digest: Digest;
  #second = 0;
  #hits = new WeakMap<Entry, Added>();
  #collapsed = new WeakMap<Entry, Added>();

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /**
   * Returns the fields of a hit. `isBlind`: what other processes invalidate is not known at present. `remembered` stands for
   * the entry where they are remembered.
   */
  of(entry: Entry, policy: Policy, now: number, isBlind = false, remembered: Entry = entry): Added {
    this.#keepTo(now);
    const detail = isBlind ? "blind" : undefined;
    return this.#recall(this.#hits, remembered, policy, now, ttlOf(entry, now), undefined, detail);
  }

  /**
   * Returns the fields of a request that waited for another request's run. `fwd` is why it would have gone to the
   * handler.
   */
  collapsed(entry: Entry, policy: Policy, now: number, fwd: Forward): Added {
    this.#keepTo(now);
    return this.#recall(this.#collapsed, entry, policy, now, undefined, fwd, undefined);
  }

  #keepTo(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#hits = new WeakMap();
    this.#collapsed = new WeakMap();
  }

  #recall(
    memory: WeakMap<Entry, Added>,
    entry: Entry,
    policy: Policy,
    now: number,
    ttl: number | undefined,
    fwd: Forward,
    detail: Added["detail"],
  ): Added {
    const age = ageOf(entry, now);
    const known = memory.get(entry);
    if (known?.age === age && known.ttl === ttl && known.policy === policy && known.fwd === fwd) {
      if (known.detail === detail) return known;
    }
    const key = statusKey(policy, entry.key, entry.variant, this.#digest);
    const how = fwd === undefined ? { hit: true } : { fwd, collapsed: true };
    const status = { ...how, ...(ttl === undefined ? {} : { ttl }), ...(detail && { detail }), ...key };
    const fields: Fields = [["age", String(age)], ...statusFields(policy, status, inner(entry))];
    const unlessSet = toldToClient(policy, entry, age);
    const added: Added = { policy, age, ttl, fwd, detail, fields, unlessSet, made: {} };
    memory.set(entry, added);
    return added;
  }
}

/** Returns the fields to add to an entry for a request that went to the handler: `Age` and the status fields. */
export function forwardedFields(
  policy: Policy,
  entry: Entry,
  now: number,
  digest: Digest,
  status: Pick<CacheStatus, "fwd" | "stored" | "detail">,
  fromCache: boolean = false,
): Fields {
  const key = statusKey(policy, entry.key, entry.variant, digest);
  const own = statusFields(policy, { ...status, ...key }, inner(entry), fromCache);
  return [["age", String(ageOf(entry, now))], ...own];
}

/** Returns the same for a stale entry that is served in place of an error. `because` is the reason. */
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
