import type { IncomingMessage } from "node:http";
import { parse as parseQuery } from "node:querystring";
import type { Fill } from "../../adapter.ts";
import { shadow } from "./shadow.ts";

/** The names that frameworks have for the URL of a request. */
type Parsed = IncomingMessage & {
  readonly originalUrl?: string;
  readonly search?: string | null;
  readonly query?: Readonly<Record<string, unknown>>;
};

/**
 * Shows the handlers of a fill a URL without the query parameters that are not in the key, under each name that Express,
 * Polka, Connect and their parsers have for it (hazards 18 and 39). Returns how to restore `originalUrl`.
 *
 * `parse` is the parser that made `req.query`. Default: that of Node.
 */
export function narrowUrl(
  req: Parsed,
  { target = req.url ?? "/", received = req.originalUrl, keepsParameter: keeps }: NarrowedBy,
  parse: (query: string) => object = parseQuery,
): () => void {
  const at = target.indexOf("?");
  const query = at === -1 ? "" : target.slice(at + 1);
  const [path = ""] = (req.url ?? "/").split("?", 1);
  // Parsers keep what they made of a URL until that is cleared.
  const cleared = Object.hasOwn(req, "_parsedOriginalUrl") ? { _parsedOriginalUrl: undefined } : {};
  const restore = shadow(req, { ...(received !== undefined && { originalUrl: received }), ...cleared });
  req.url = at === -1 ? path : `${path}?${query}`;
  Reflect.deleteProperty(req, "_parsedUrl");
  if (typeof req.search === "string") shadow(req, { search: query === "" ? null : `?${query}` });
  // Express 5 parses `url` at each read. Others, or middleware, have set `query` already.
  if (!Object.hasOwn(req, "query")) return restore;
  const parsed = new Map<string, unknown>(Object.entries(parse(query)));
  const shown = Object.entries(req.query ?? {}).flatMap(([name, value]) =>
    keeps?.(name) === true ? [[name, value]] : parsed.has(name) ? [[name, parsed.get(name)]] : [],
  );
  shadow(req, { query: Object.fromEntries(shown) });
  return restore;
}

type NarrowedBy = Pick<Fill, "target" | "received" | "keepsParameter">;
