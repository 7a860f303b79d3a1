import type { CacheStatus } from "../../http/cache-status.ts";
import { fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type {
  Fill,
  HandlerHead,
  OpenFill,
  Policy,
  Reply,
  StreamedReply,
} from "../contract/request-and-policy.ts";
import { statusFields } from "../reply/status-fields.ts";

/** What a handler is shown of the target: all of it, unless said otherwise. */
const WHOLE_TARGET: Pick<Fill, "target" | "received" | "keepsParameter"> = {
  target: undefined,
  received: undefined,
  keepsParameter: undefined,
};

/**
 * A run of a handler of which nothing is stored, and whose head is looked at: an unsafe request, whose success
 * outdates what is stored (RFC 9111 §4.4), or a HEAD, which tells of the stored GET (RFC 9111 §4.3.5).
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

  /** `reason` is why nothing is stored. `onHead` is told the head, or undefined if there is none. */
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
    // Nothing was to be stored.
  }

  /** Nothing is stored of it, in any way. */
  isAnswer(): boolean {
    return false;
  }

  defer(): () => Fields {
    return () => [];
  }

  /** It goes on for what is stored: whether its handler succeeds is not a matter of its client. */
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
    const said = statusFields(this.#policy, { ...this.#status, fwdStatus: status }, inner);
    return {
      status,
      making,
      fields: [...fields.filter(([name]) => fieldOf(said, name) === undefined), ...said],
    };
  }
}
