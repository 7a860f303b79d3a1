import { parseEntityTag } from "../../http/etag.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { HandlerHead, Head } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { withoutWindows } from "../freshness/stale-windows.ts";
import { freshened } from "../freshness/validators.ts";
import { readHead } from "../storing/response-head.ts";
import { isOfOneUser } from "../storing/storable.ts";
import { storedFields, variantFields, variesBy } from "../storing/stored-fields.ts";
import { judge, refusalIn } from "./judge.ts";
import type { Run } from "./run.ts";

/** What becomes of a stored response of which its handler said something new. */
export interface Freshened {
  /** What is said of it from now on. */
  readonly entry: Entry;
  /** Whether that is stored, what was stored stays as it was, or it is removed. */
  readonly fate: "kept" | "left" | "dropped";
  readonly refusal: Refusal | undefined;
}

/** Refusals that are about one client and its answer, and say nothing of what is stored. */
const OF_THIS_CLIENT: ReadonlySet<Refusal> = new Set(["credentials", "set-cookie"]);

/** The fields of the new message that count in the place of the stored ones; none of them is a stored one's. */
const OF_THIS_MESSAGE: ReadonlySet<string> = new Set(["age", "date", "set-cookie"]);

/**
 * Freshens a stored response by what a 304, or an answer to HEAD, says of it (RFC 9111 §3.2, §4.3.4, §4.3.5).
 *
 * What forbids storing a response forbids keeping one: what this message says decides, and not only what it makes of
 * the stored one (hazard 35). The new fields may tell variants apart that the old did not.
 */
export function freshen(run: Run, head: HandlerHead, stale: Entry): Freshened {
  const { parts, policy, request, vary: known, noStore, choose } = run;
  const now = parts.clock.now();
  const past = { storedAt: now, staleAt: now, deleteAt: now };
  const message = readHead({ ...head, status: stale.status });
  const isOfOne = isOfOneUser(message, policy, request);
  // What one user is told says nothing of what all may see, nor that it has changed (RFC 9111 §3.5).
  if (!isOfOne && isOfAnother(stale, head.fields))
    return { entry: { ...stale, ...past }, fate: "dropped", refusal: undefined };
  // Without a `Date` of its own the message is of now; the stored one would make it as old as what it freshens.
  const undated = stale.fields.filter(([name]) => name !== "date");
  const isVarySaid = fieldOf(head.fields, "vary") !== undefined;
  const news = storedFields(readHead(head), policy, undefined);
  // What the route declares stands in the stored `Vary` already, beside what its handler said there.
  const merged = freshened(undated, isVarySaid ? news : without(news, "vary"));
  const making = freshenedMaking(head, stale);
  const whole = wholeHead(head, stale, merged, making);
  // What the message implies may follow from a stored field, and the other way round.
  const varies = variesBy(whole, policy);
  const fields = varies === undefined ? merged : [...without(merged, "vary"), ["vary", varies] as const];
  const judgement = isOfOne ? "credentials" : (refusalIn(run, message) ?? judge(run, whole));
  if (typeof judgement === "string") {
    const fate = noStore || OF_THIS_CLIENT.has(judgement) ? "left" : "dropped";
    return { entry: { ...stale, ...making, fields, ...past }, fate, refusal: judgement };
  }
  const vary = variantFields(known, whole, policy);
  const entry = { ...withoutWindows(stale), ...making, fields, vary, variant: choose(vary), ...judgement };
  return { entry, fate: "kept", refusal: undefined };
}

/** The head of the response as it would be stored from now on, with what earlier middleware says of it. */
function wholeHead(
  head: HandlerHead,
  stale: Entry,
  fields: Fields,
  making: Pick<HandlerHead, "making">,
): Head {
  const { earlier } = head;
  return readHead({
    ...making,
    status: stale.status,
    fields: [
      ...fields.filter(([name]) => !OF_THIS_MESSAGE.has(name)),
      ...head.fields.filter(([name]) => OF_THIS_MESSAGE.has(name)),
    ],
    ...(earlier === undefined ? {} : { earlier }),
  });
}

/** What is taken away, and added to, from now on: of the fields that the new message has, what it does to them counts. */
function freshenedMaking({ fields, making }: HandlerHead, stale: Entry): Pick<Entry, "making"> {
  const stays = (name: string): boolean => fieldOf(fields, name) === undefined;
  const removed = new Set([...(stale.making?.removed ?? []).filter(stays), ...(making?.removed ?? [])]);
  const added = new Set([...(stale.making?.added ?? []).filter(stays), ...(making?.added ?? [])]);
  if (stale.making === undefined && removed.size === 0 && added.size === 0) return {};
  return { making: { ...stale.making, removed: [...removed], added: [...added] } };
}

function without(fields: Fields, left: string): Fields {
  return fields.filter(([name]) => name !== left);
}

/** Whether a message names, by a strong tag, another representation than the stored one (RFC 9111 §4.3.4). */
function isOfAnother(stale: Entry, said: Fields): boolean {
  const tag = parseEntityTag(combined(fieldOf(said, "etag")) ?? "");
  const stored = parseEntityTag(combined(fieldOf(stale.fields, "etag")) ?? "");
  return tag !== undefined && !tag.weak && stored !== undefined && tag.opaque !== stored.opaque;
}
