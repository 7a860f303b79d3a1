const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/**
 * Returns a scheme and authority in normal form: in lower case, without an empty or default port (RFC 9110 §4.2.3).
 * Non-ASCII letters are kept, because lower-casing them could make two different hosts equal.
 */
export function normalizeOrigin(origin: string): string {
  const lower = origin.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const [, scheme, host, port] = /^(https?):\/\/([^:[]+|\[[^\]]*\]):(\d*)$/.exec(lower) ?? [];
  if (scheme === undefined || host === undefined || port === undefined) return lower;
  return port === "" || port === DEFAULT_PORTS[scheme] ? `${scheme}://${host}` : lower;
}

/** A host without user information, a path, or what would end it: RFC 3986 §3.2.2. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:[^\s/?#@\\:[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Returns whether a text is an origin: `scheme://host` or `scheme://host:port`, and nothing else. */
export function isOrigin(text: string): boolean {
  return ORIGIN.test(text);
}
