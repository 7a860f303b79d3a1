import type { WebCall } from "./route.ts";

const IS_DENO = "Deno" in globalThis;

/**
 * Whether the target of a request names a host, and `Host` another one (RFC 9112 §3.2.2, RFC 9113 §8.3.1).
 *
 * The URL, and so the key, has the first, and the handler may use the second: who asks for the first later must not get
 * what was made for that. Deno makes the URL of the target, too, and shows nothing else of it.
 */
export function namesTwoHosts(call: Pick<WebCall<never>, "request" | "incoming">): boolean {
  const { headers, url } = call.request;
  const { url: target, authority } = Object(call.incoming ?? incomingOf(call.request)) as {
    readonly url?: unknown;
    readonly authority?: unknown;
  };
  const isAbsolute = typeof target === "string" && !target.startsWith("/") && URL.canParse(target);
  const named = isAbsolute ? new URL(target).host : (authority ?? (IS_DENO ? new URL(url).host : undefined));
  if (typeof named !== "string" || named === "") return false;
  const host = headers.get("host");
  return host !== null && normalized(host, url) !== normalized(named, url);
}

/** Returns Node's request behind one of srvx. */
function incomingOf(request: Request): unknown {
  const { runtime } = request as { readonly runtime?: { readonly node?: { readonly req?: unknown } } };
  return runtime?.node?.req;
}

/** Returns a host in lower case and without the default port of a URL's scheme. What else is in it may matter to a handler. */
function normalized(host: string, url: string): string {
  const port = url.startsWith("https:") ? ":443" : ":80";
  const text = host.toLowerCase();
  return text.endsWith(port) ? text.slice(0, -port.length) : text;
}
