import type { Fill, RequestRecord } from "../../adapter.ts";
import { refreshInBackground } from "./refresh.ts";
import { copyHeaders, hasBody, splitUrl } from "./request.ts";
import type { WebCall, WebRoute } from "./route.ts";

/** A web `Request` as the core's plain record. */
export class WebRequest<Native> implements RequestRecord<Native> {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  readonly rewritten: string | undefined;
  readonly native: Native;
  readonly params: Readonly<Record<string, unknown>> | undefined;
  readonly rest: readonly unknown[] | undefined;
  readonly arrivedAt: number | undefined;
  readonly #content: Uint8Array | undefined;
  readonly #route: WebRoute<Native>;
  readonly #call: WebCall<Native>;
  #headers: Headers;

  /** `content` is the request's whole content if it was read. */
  constructor(route: WebRoute<Native>, call: WebCall<Native>, content: Uint8Array | undefined) {
    const { request, url = request.url, rewritten, native, params, rest, arrivedAt } = call;
    const [origin, target] = splitUrl(url);
    this.method = request.method;
    this.origin = origin;
    this.target = target;
    this.rewritten = rewritten;
    this.native = native;
    this.params = params;
    this.rest = rest;
    this.arrivedAt = arrivedAt;
    this.#content = content;
    this.#route = route;
    this.#call = call;
    this.#headers = request.headers;
  }

  /** Whether the whole request is here. */
  get isWhole(): boolean {
    return this.#content !== undefined || !hasBody(this.#call.request);
  }

  /** Undefined if some content is still to come, or was read before: it cannot be read again. */
  get refresh(): ((fill: Fill) => void) | undefined {
    if (this.#call.refresh === undefined || !this.isWhole) return undefined;
    return (fill) => {
      this.keepFields();
      refreshInBackground(fill, this.#route.policy, this.#call, this.#content);
    };
  }

  /** Runtimes leave upgrades to the handler, and only those to WebSockets. */
  get isUpgrade(): boolean {
    return isForWebSocket(this.#headers.get("upgrade"));
  }

  /** Counts content that was read before, too. Undefined: the fields tell. */
  get hasContent(): true | undefined {
    if (this.#call.isHttp1 === true) return undefined;
    return hasBody(this.#call.request) || undefined;
  }

  /** `has` for each name would take as long as the rest of a hit. */
  hasAny(names: ReadonlySet<string>): boolean {
    let has = false;
    // Every class of headers has `forEach`, but not every one is iterable, or lists names in lower case (hazard 47).
    this.#headers.forEach((_value, name) => (has ||= names.has(name.toLowerCase())));
    return has;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }

  content(): Uint8Array | undefined {
    return this.#content;
  }

  /** Copies the client's fields: a handler may write into its request, and must not change the variant. */
  keepFields(): void {
    this.#headers = copyHeaders(this.#headers);
  }
}

function isForWebSocket(upgrade: string | null): boolean {
  return (
    upgrade
      ?.toLowerCase()
      .split(",")
      .some((name) => name.trim() === "websocket") === true
  );
}
