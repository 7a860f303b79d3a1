import { isJson } from "../../http/json.ts";
import { CacheError, show } from "../contract/errors.ts";
import type { RequestRecord } from "../contract/request-and-policy.ts";

/** A request, described for `cache.explain`. */
export interface ExplainRequest {
  /** Default: `GET`. */
  readonly method?: string | undefined;
  /** The absolute URL, or path and query as received. */
  readonly url: string;
  /** Path and query after a rewrite by middleware before the route. Default: no rewrite. */
  readonly rewritten?: string | undefined;
  /** The header fields by name, in any case, such as the `headers` of a Node request. Default: none. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether the client authenticates with a TLS certificate. Default: false. */
  readonly certificate?: boolean;
  /** The content: text, bytes, or the result of a body parser. Default: none. */
  readonly content?: unknown;
  /** The framework's own request, for the `key`, `scope` and `origin` functions of the route. */
  readonly native?: unknown;
  /** What the framework gives the handler besides the request, for the same functions. Default: nothing. */
  readonly rest?: readonly unknown[];
}

/** The URL of a described request, in two parts. */
export interface DescribedUrl {
  /** Scheme and authority. Undefined: the URL is a path. */
  readonly origin: string | undefined;
  /** Path and query. */
  readonly target: string;
}

const ABSOLUTE = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]+)([^#]*)/i;

/** Splits the URL of a described request. Throws `ERR_CACHE_EXPLAIN` unless it is absolute or a path. */
export function describedUrl(described: ExplainRequest): DescribedUrl {
  const url: unknown = (described as Partial<ExplainRequest> | null | undefined)?.url;
  if (typeof url === "string") {
    const [, origin, rest = ""] = ABSOLUTE.exec(url) ?? [];
    if (origin !== undefined) return { origin, target: rest.startsWith("/") ? rest : `/${rest}` };
    if (url.startsWith("/")) return { origin: undefined, target: url.replace(/#.*$/s, "") };
  }
  const [what, given] = url === undefined ? ["request", described] : ["url", url];
  const remedy =
    typeof url === "string"
      ? `give an absolute URL or a path, as in { url: ${EXAMPLE} }`
      : `write cache.explain({ url: ${urlIn(given) ?? EXAMPLE} })`;
  throw new CacheError("ERR_CACHE_EXPLAIN", `cache.explain: the ${what} is ${show(given)}; ${remedy}`);
}

const EXAMPLE = '"/reports/7?page=2"';

/** Returns the URL that was given in place of a request, or as an object of class `URL`, as it is written in a program. */
function urlIn(given: unknown): string | undefined {
  const text =
    typeof given === "string" ? given : (given as { readonly href?: unknown } | null | undefined)?.href;
  return typeof text === "string" && (text.startsWith("/") || ABSOLUTE.test(text)) ? show(text) : undefined;
}

/** The record of a described request, and a sentence about what had to be assumed. */
export interface DescribedRequest {
  readonly request: RequestRecord;
  readonly assumed: string | undefined;
}

/**
 * Returns the record of a described request. Its origin is that of the URL, else the first of `known`, the origins of recent
 * requests for the route, that has the described `Host` if there is one, else `http` with that `Host` or `localhost`.
 */
export function describedRequest(
  described: ExplainRequest,
  url: DescribedUrl,
  known: readonly string[],
  content: unknown = described.content,
): DescribedRequest {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(described.headers ?? {})) {
    if (value !== undefined) fields.set(name.toLowerCase(), [value].flat().join(", "));
  }
  const { origin, assumed } = originOf(url, fields.get("host"), known);
  const record: RequestRecord = {
    method: described.method ?? "GET",
    origin,
    target: url.target,
    rewritten: described.rewritten,
    native: described.native,
    rest: described.rest,
    header: (name) => fields.get(name),
    hasCertificate: described.certificate,
    hasContent: isContent(described.content) || undefined,
    isUpgrade: (described.native as { upgrade?: unknown } | null | undefined)?.upgrade === true,
    content: () => content,
  };
  return { request: record, assumed };
}

/**
 * Returns the forms in which the described content may reach the cache, the likeliest first: bytes, or the result of a
 * body parser.
 */
export function contentForms(
  { content, headers = {} }: ExplainRequest,
  comesAs: "parsed" | "bytes",
): readonly unknown[] {
  const fields = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value ?? "")]),
  );
  if (content === undefined || content === null) {
    const isAnnounced = Number(fields.get("content-length") ?? 0) > 0 || fields.has("transfer-encoding");
    // The request has content, but the description does not show it.
    return isAnnounced ? [undefined] : [comesAs === "bytes" ? new Uint8Array() : ""];
  }
  const isBytes = content instanceof Uint8Array;
  if (!isBytes && typeof content !== "string")
    return comesAs === "bytes" ? [new TextEncoder().encode(JSON.stringify(content))] : [content];
  const bytes = isBytes ? new Uint8Array(content) : new TextEncoder().encode(content);
  if (comesAs === "bytes") return [bytes];
  const text = isBytes ? new TextDecoder().decode(content) : content;
  return [...parsedBy(fields.get("content-type") ?? "", text), content, isBytes ? text : bytes];
}

/** Returns what the usual parser of a media type makes of a text. Empty: nothing. */
function parsedBy(type: string, text: string): readonly unknown[] {
  if (isJson(type)) {
    try {
      return [JSON.parse(text)];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  }
  if (!type.toLowerCase().trimStart().startsWith("application/x-www-form-urlencoded")) return [];
  const names = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const known = names.get(name);
    if (Array.isArray(known)) known.push(value);
    else names.set(name, known === undefined ? value : [known, value]);
  }
  return [Object.fromEntries(names)];
}

/** Whether there is content: empty text and zero bytes are none. */
function isContent(content: unknown): boolean {
  if (typeof content === "string") return content !== "";
  return content instanceof Uint8Array ? content.byteLength > 0 : content !== undefined && content !== null;
}

function originOf(
  { origin }: DescribedUrl,
  host: string | undefined,
  known: readonly string[],
): { readonly origin: string; readonly assumed: string | undefined } {
  if (origin !== undefined) return { origin, assumed: undefined };
  const [first, ...others] = host === undefined ? known : known.filter((name) => name.endsWith(`://${host}`));
  const more = others.length === 0 ? "" : `, and ${others.length} more, such as ${String(others[0])}`;
  if (first !== undefined) {
    const assumed =
      others.length === 0
        ? undefined
        : `The origin is taken to be ${first}: the route was asked on it${more}. An absolute URL says which.`;
    return { origin: first, assumed };
  }
  const guess = `http://${host ?? "localhost"}`;
  return {
    origin: guess,
    assumed: `The origin is taken to be ${guess}, and it is a part of the key. An absolute URL says which it is.`,
  };
}
