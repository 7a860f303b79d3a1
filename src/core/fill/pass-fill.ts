import type { CacheStatus } from "../../http/cache-status.ts";
import { fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type {
  Decision,
  Fill,
  HandlerHead,
  OpenFill,
  Policy,
  Reply,
  RequestRecord,
  StreamedReply,
} from "../contract/request-and-policy.ts";
import { CACHE_TAG, outdatedGroups } from "../invalidation/tags.ts";
import { outdatedResources } from "../invalidation/unsafe-methods.ts";
import { toldOfRefused } from "../reply/client-cache-control.ts";
import { statusFields } from "../reply/status-fields.ts";
import { originOf } from "../request/cache-key.ts";
import { removeResources } from "./remove.ts";
import type { RunParts } from "./run.ts";

/** Nothing of the target is hidden from the handler. */
const WHOLE_TARGET: Pick<Fill, "target" | "received" | "keepsParameter"> = {
  target: undefined,
  received: undefined,
  keepsParameter: undefined,
};

/**
 * A run of a handler whose content is not stored, but whose head affects stored responses: an unsafe request invalidates
 * them (RFC 9111 §4.4), and a HEAD freshens or invalidates the response to GET (RFC 9111 §4.3.5).
 */
export class PassFill implements Fill, OpenFill {
  readonly kind = "fill";
  readonly target: string | undefined;
  readonly received: string | undefined;
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  readonly hidden: readonly string[] = [];
  readonly conditions: Fields = [];
  readonly storable = false;
  readonly #policy: Policy;
  readonly #reason: Refusal;
  readonly #status: Omit<CacheStatus, "cache">;
  readonly #onHead: (head: HandlerHead | undefined) => void;
  #head: HandlerHead | undefined;

  /** `reason` is why nothing is stored. `onHead` is called with the head, or with undefined if there is none. */
  constructor(
    policy: Policy,
    reason: Refusal,
    status: Omit<CacheStatus, "cache">,
    onHead: (head: HandlerHead | undefined) => void,
    shown: Pick<Fill, "target" | "received" | "keepsParameter"> = WHOLE_TARGET,
  ) {
    this.target = shown.target;
    this.received = shown.received;
    this.keepsParameter = shown.keepsParameter;
    this.#policy = policy;
    this.#reason = reason;
    this.#status = status;
    this.#onHead = onHead;
  }

  refusal(): Refusal {
    return this.#reason;
  }

  open(head: HandlerHead): OpenFill {
    this.#head = head;
    this.#onHead(head);
    return this;
  }

  complete(body: Uint8Array | string | undefined): Reply {
    const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return { ...this.#message(), body: content };
  }

  stream(): StreamedReply {
    return { ...this.#message(), sink: undefined };
  }

  refuse(): void {
    // Nothing is stored anyway.
  }

  isAnswer(): boolean {
    return false;
  }

  defer(): () => Fields {
    return () => [];
  }

  /** It goes on without its client until its head is known, because the head affects what is stored. */
  leave(): boolean {
    return this.#head === undefined;
  }

  passed(): Fields {
    return statusFields(this.#policy, this.#status, undefined);
  }

  abandon(): void {
    if (this.#head === undefined) this.#onHead(undefined);
  }

  #message(): Omit<StreamedReply, "sink"> {
    const { status, fields, making } = this.#head ?? { status: 200, fields: [], making: undefined };
    const inner = fieldOf(fields, "cache-status");
    const own = statusFields(this.#policy, { ...this.#status, fwdStatus: status }, inner);
    const isStripped = this.#policy.cacheTag === "strip";
    const kept = fields.filter(
      ([name]) => fieldOf(own, name) === undefined && !(isStripped && name === CACHE_TAG),
    );
    const unlessSet = this.#reason === "head" ? toldOfRefused(this.#policy, { fields }) : undefined;
    return { status, making, fields: [...kept, ...own], unlessSet };
  }
}

/** Returns the fill of an unsafe request, whose success removes the responses that it invalidates (RFC 9111 §4.4). */
export function unsafeFill<Native>(
  parts: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Decision {
  const origin = originOf(request, policy);
  parts.count("bypass");
  parts.refused(policy, "method", false);
  return new PassFill(policy, "method", { fwd: "method", detail: "method" }, (head) => {
    if (head === undefined) return;
    const resources = outdatedResources(request, head, origin, parts.targetsOf(policy));
    void removeResources(parts, resources, parts.canMark ? outdatedGroups(origin, head) : []);
  });
}
