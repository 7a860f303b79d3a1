const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/**
 * Returns a scheme and an authority as they count: in lower case, and without a port that is empty or the scheme's own
 * (RFC 9110 §4.2.3). Letters beyond ASCII stay as they are: no host has them, and a client may write what it likes.
 */
export function normaliseOrigin(origin: string): string {
  const lower = origin.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const [, scheme, host, port] = /^(https?):\/\/([^:[]+|\[[^\]]*\]):(\d*)$/.exec(lower) ?? [];
  if (scheme === undefined || host === undefined || port === undefined) return lower;
  return port === "" || port === DEFAULT_PORTS[scheme] ? `${scheme}://${host}` : lower;
}
