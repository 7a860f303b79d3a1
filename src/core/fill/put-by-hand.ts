import { areSendable } from "../../http/fields.ts";
import { CacheError } from "../contract/errors.ts";
import type { Refusal } from "../contract/outcomes.ts";
import { wordsOf } from "../contract/refusal-words.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { instantsOf } from "../freshness/freshness.ts";
import { namespaceName } from "../invalidation/names.ts";
import { tagsOf } from "../invalidation/tags.ts";
import { plainVariant } from "../request/cache-key.ts";
import { manualMessage } from "../storing/manual-entry.ts";
import type { ManualResponse } from "../storing/manual-entry.ts";
import { readHead } from "../storing/response-head.ts";
import { refusalOf } from "../storing/storable.ts";
import { storedFields, variantFields } from "../storing/stored-fields.ts";
import { removeResources } from "./remove.ts";
import type { RunParts } from "./run.ts";
import { write } from "./write.ts";

/** The request for which a response is put by hand: one without any of the fields that it varies by. */
const NOBODY: RequestRecord<undefined> = {
  method: "GET",
  origin: "",
  target: "/",
  native: undefined,
  header: () => undefined,
};

/**
 * Returns the entry of a response that was put by hand. The rules of a route decide on secrecy, cookies, lifetime, stale
 * windows and `Vary`. Throws `ERR_CACHE_RESPONSE` if they forbid storing it.
 */
export function entryByHand(
  name: { readonly resource: string; readonly selector: string },
  response: ManualResponse,
  policy: Policy,
  {
    now,
    began,
    digest,
    canMark,
  }: { readonly now: number; readonly began: number } & Pick<RunParts, "digest" | "canMark">,
): Entry {
  const { head: given, body } = manualMessage(response);
  const head = readHead(given);
  const refusal = refusalOf(head, policy, NOBODY);
  if (refusal !== undefined) throw notStorable(refusal);
  // An entry that has expired is not stored, but removes what is stored.
  const instants = instantsOf(head, policy, now) ?? { storedAt: now, staleAt: now, deleteAt: now };
  const vary = variantFields([], head, policy);
  const fields = storedFields(head, policy, digest.of(body));
  if (!areSendable(fields)) throw notStorable("malformed");
  const tags = tagsOf(NOBODY, head, policy, NOBODY.origin);
  if (tags === undefined || (tags.length > 0 && !canMark)) throw notStorable("tags");
  return {
    key: name.resource,
    variant: plainVariant(name.selector)(vary),
    vary,
    status: head.status,
    fields,
    body,
    ...instants,
    names: policy.namespace === "" ? tags : [...tags, namespaceName(policy.namespace)],
    began,
  };
}

function notStorable(refusal: Refusal): CacheError {
  const [why] = wordsOf(refusal) ?? ["it cannot be stored"];
  return new CacheError(
    "ERR_CACHE_RESPONSE",
    `cache.set: the response cannot be stored (${refusal}): ${why}; give one without that`,
  );
}

/**
 * Stores an entry, and keeps fills of its key that are under way from storing. If it has expired already, everything under its
 * key is removed. Returns whether it is stored in the end: not if it is invalidated meanwhile (hazard 22).
 */
export async function putByHand(parts: RunParts, entry: Entry): Promise<boolean> {
  const { fence } = parts;
  fence.purge(entry.key);
  if (entry.deleteAt <= parts.clock.now()) {
    await removeResources(parts, [entry.key]);
    return false;
  }
  const ticket = fence.enter(entry.key, () => undefined);
  const kept = await write({ parts, ticket }, entry);
  return kept === "kept" && !ticket.purged && !wasInvalidated(parts, entry);
}

function wasInvalidated({ ledger }: RunParts, entry: Entry): boolean {
  return ledger.isDead(entry) || ledger.staleSince(entry) !== undefined;
}
