import type { Fill, RequestRecord } from "../../adapter.ts";
import { refreshBehind } from "./refresh.ts";
import { copyOf, hasBody, splitUrl } from "./request.ts";
import type { WebRoute } from "./route.ts";

/** A web `Request` as the core's plain record. */
export class WebRequest<Rest extends readonly unknown[]> implements RequestRecord<Request> {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  readonly native: Request;
  readonly #content: Uint8Array | undefined;
  readonly #route: WebRoute<Rest>;
  readonly #rest: Rest;
  #headers: Headers;

  /** `content` is the request's whole content where it was read, `rest` what its handler is given besides. */
  constructor(native: Request, content: Uint8Array | undefined, route: WebRoute<Rest>, rest: Rest) {
    const [origin, target] = splitUrl(native.url);
    this.method = native.method;
    this.origin = origin;
    this.target = target;
    this.native = native;
    this.#content = content;
    this.#route = route;
    this.#rest = rest;
    this.#headers = native.headers;
  }

  /** Whether nothing of it is still to come from its client. */
  get isWhole(): boolean {
    return this.#content !== undefined || !hasBody(this.native);
  }

  /** Undefined where a part of the content is still to come, or was read by somebody else: it can be sent only once. */
  get refresh(): ((fill: Fill) => void) | undefined {
    if (!this.isWhole) return undefined;
    return (fill) => {
      this.keepFields();
      refreshBehind(fill, this.#route, this.native, this.#content, this.#rest);
    };
  }

  /** Runtimes leave it to the handler, which is asked for WebSockets alone. */
  get isUpgrade(): boolean {
    return isForWebSocket(this.#headers.get("upgrade"));
  }

  /** One that the handler may still read, or that somebody has read before. */
  get hasContent(): true | undefined {
    return hasBody(this.native) || undefined;
  }

  /** Asking for each name would cost as much as the rest of a hit. */
  hasAny(names: ReadonlySet<string>): boolean {
    let has = false;
    // Each class of headers has this, and not each is iterable (hazard 47).
    this.#headers.forEach((_value, name) => (has ||= names.has(name)));
    return has;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }

  content(): Uint8Array | undefined {
    return this.#content;
  }

  /** Keeps the fields as the client sent them: a handler may write into its request, and must not choose the variant. */
  keepFields(): void {
    this.#headers = copyOf(this.#headers);
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
