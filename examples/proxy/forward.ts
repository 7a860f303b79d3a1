import { request as send } from "node:http";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";

// RFC 9110 §7.6.1, and what the two ends of one connection say to each other (§10.1.1, §11.7, §6.5).
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The fields that are meant for the other end: neither about the connection nor named by `Connection`. */
export function endToEnd<Value>(
  fields: Readonly<Record<string, Value>>,
  connection: string | undefined,
): [name: string, value: Value][] {
  const named = (connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  return Object.entries(fields).filter(([name]) => !hopByHop.has(name) && !named.includes(name));
}

/**
 * Sends a request on to the origin, content and all; answers its final response.
 *
 * The fields are those of `request.headers`: there the cache takes away what the origin should not see, and adds the
 * conditions that it asks on its own account. A request is never repeated, and an idle origin is given up.
 */
export function forward(request: IncomingMessage, origin: URL, idleMs = 30_000): Promise<IncomingMessage> {
  const { method = "GET", url = "/", headers } = request;
  const fields: Record<string, string | string[]> = { host: origin.host };
  for (const [name, value] of endToEnd(headers, headers.connection)) {
    if (value !== undefined && name !== "host") fields[name] = value;
  }
  fields["via"] = [headers.via, "1.1 caching-route"].filter(Boolean).join(", ");
  // A method that seldom has content would otherwise send it without saying where it ends.
  if (headers["transfer-encoding"] !== undefined) fields["transfer-encoding"] = "chunked";
  const hasContent = "transfer-encoding" in fields || "content-length" in fields;

  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(Object.assign(new Error("the origin does not answer", { cause }), { statusCode: 502 }));
    const { hostname, port } = origin;
    const sent = send({ hostname, port, method, path: url, headers: fields, timeout: idleMs }, resolve);
    sent.on("timeout", () => sent.destroy(new Error(`nothing came in ${idleMs} ms`)));
    sent.on("error", fail);
    if (hasContent) pipeline(request, sent, (error) => error && fail(error));
    else sent.end();
  });
}
