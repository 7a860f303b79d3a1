import { fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { statusFields, statusKey } from "../reply/status-fields.ts";
import { offeredField } from "../request/no-vary-search.ts";
import { variantFields, variesBy } from "../storing/stored-fields.ts";
import type { Run } from "./run.ts";

/** Which variant a run's response is, by what its head says that it varies by. */
export function variantIn(run: Run, head: Head): Pick<Entry, "vary" | "variant"> {
  const vary = variantFields(run.vary, head, run.policy);
  return { vary, variant: run.choose(vary) };
}

/** The fields of the message to a run's own client: of one that is not stored for `refusal`, or may still be. */
export function messageOf(
  run: Run,
  head: Head,
  { refusal }: { readonly refusal: Refusal | undefined },
): Fields {
  return changed(run, head, [], statusOf(run, head, refusal === undefined ? {} : { detail: refusal }));
}

/** The same of a response that was stored: it gets all that the handler said, its `Date` and its cookies too. */
export function storedMessage(
  run: Run,
  head: Head,
  entry: Entry,
  why: { readonly stored?: boolean; readonly detail?: Refusal },
): { readonly said: Fields; readonly added: Fields } {
  const cookies = fieldOf(head.fields, "set-cookie");
  const status = statusOf(run, head, why);
  const added: Fields = cookies === undefined ? status : [["set-cookie", cookies], ...status];
  const tag = fieldOf(entry.fields, "etag");
  const said = changed(run, head, tag === undefined ? [] : [["etag", tag]], []);
  return { said: without(said, ["content-length", "set-cookie", ...added.map(([name]) => name)]), added };
}

function changed(run: Run, head: Head, tag: Fields, status: Fields): Fields {
  const vary = variesBy(head, run.policy);
  const fields: Fields = [
    ...(vary === undefined ? [] : [["vary", vary] as const]),
    ...tag,
    ...offeredField(head, run.policy),
    ...status,
  ];
  const names = fields.map(([name]) => name);
  return [...without(head.fields, names), ...fields];
}

/** The fields that say what happened. */
export function statusOf(
  run: Run,
  head: Head,
  why: { readonly stored?: boolean; readonly detail?: Refusal },
): Fields {
  const { policy, forward, key, parts } = run;
  const inner = fieldOf(head.fields, "cache-status");
  const name = policy.cacheStatusKey
    ? statusKey(policy, key.resource, variantIn(run, head).variant, parts.digest)
    : {};
  return statusFields(policy, { fwd: forward, fwdStatus: head.status, ...why, ...name }, inner);
}

function without(fields: Fields, names: readonly string[]): Fields {
  return fields.filter(([name]) => !names.includes(name));
}
