import { request } from "node:http";

/** One response as a client sees it. */
export interface Seen {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Asks once, over a connection of its own. */
export function probe(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path, headers, agent: false, timeout: 10_000 },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const fields = Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          );
          resolve({ status: response.statusCode ?? 0, fields, body: Buffer.concat(parts) });
        });
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer within 10 s")));
    asked.on("error", reject);
    asked.end();
  });
}

/** Fields that Node itself adds to each message. */
const NODES_OWN = new Set(["date", "connection", "keep-alive"]);

/** What the application said, of what a client saw. */
export function saidFields(seen: Seen): Record<string, string> {
  return Object.fromEntries(Object.entries(seen.fields).filter(([name]) => !NODES_OWN.has(name)));
}

/** The same with the seconds taken out, which differ from one message to the next. */
export function timelessFields(seen: Seen): Record<string, string> {
  const { age, "cache-status": status, ...rest } = saidFields(seen);
  return {
    ...rest,
    ...(age === undefined ? {} : { age: age.replace(/\d+/, "n") }),
    ...(status === undefined ? {} : { "cache-status": status.replace(/ttl=\d+/, "ttl=n") }),
  };
}
