import { fieldOf, withoutFields } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, Reply } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { CACHE_TAG } from "../invalidation/tags.ts";
import { replyOnce } from "../reply/representation.ts";
import { statusFields, statusKey } from "../reply/status-fields.ts";
import { offeredField } from "../request/no-vary-search.ts";
import { variesBy } from "../storing/stored-fields.ts";
import { variantIn } from "./run.ts";
import type { Run } from "./run.ts";

/** The part of `Cache-Status` about storing the response. Empty: not known yet. */
export interface StoreStatus {
  readonly stored?: boolean;
  readonly detail?: Refusal;
}

/** Returns the head for a run's own client. `refusal` is why the response is not stored. Undefined: it may still be. */
export function originHead(run: Run, head: Head, refusal: Refusal | undefined): Omit<Reply, "body"> {
  const { status, making } = head;
  const storing = refusal === undefined ? {} : { detail: refusal };
  return { status, fields: clientFields(run, head, [], originStatus(run, head, storing)), making };
}

/** Returns the reply to the run's own client from a stored response, with the `Date` and the cookies that are not stored. */
export function storedReply(
  run: Run,
  head: Head,
  entry: Entry,
  content: Uint8Array,
  storing: StoreStatus,
): Reply {
  const { request, selection } = run;
  const cookies = fieldOf(head.fields, "set-cookie");
  const status = originStatus(run, head, storing);
  const added: Fields = cookies === undefined ? status : [["set-cookie", cookies], ...status];
  const tag = fieldOf(entry.fields, "etag");
  const sent = clientFields(run, head, tag === undefined ? [] : [["etag", tag]], []);
  const fields = withoutFields(sent, ["content-length", "set-cookie", ...added.map(([name]) => name)]);
  const { storedAt } = entry;
  // Not the entry's own bytes: the application may change those of this message.
  const whole = { status: head.status, fields, body: content, storedAt, making: head.making };
  return replyOnce(whole, request.method, selection, added);
}

/** Returns the status fields for a run's own client. */
export function originStatus(run: Run, head: Head, storing: StoreStatus): Fields {
  const { policy, forward, key, parts } = run;
  const inner = fieldOf(head.fields, "cache-status");
  const name = policy.cacheStatusKey
    ? statusKey(policy, key.resource, variantIn(run, head).variant, parts.digest)
    : {};
  return statusFields(policy, { fwd: forward, fwdStatus: head.status, ...storing, ...name }, inner);
}

function clientFields(run: Run, head: Head, tag: Fields, status: Fields): Fields {
  const vary = variesBy(head, run.policy);
  const fields: Fields = [
    ...(vary === undefined ? [] : [["vary", vary] as const]),
    ...tag,
    ...offeredField(head, run.policy),
    ...status,
  ];
  const names = fields.map(([name]) => name);
  if (run.policy.cacheTag === "strip") names.push(CACHE_TAG);
  return [...withoutFields(head.fields, names), ...fields];
}
