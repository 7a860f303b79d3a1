// The load on two nodes: requests are sent when they are due, whether or not earlier ones have their responses.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { answerParent } from "../messages.ts";
import { RESOURCES, sharedNow, STATE_FIELD } from "./setting.ts";
import type { Answer, Loaded, LoadOrder } from "./setting.ts";

/** How many connections to each node are opened before. */
const CONNECTIONS = 256;
/** For how long responses are waited for after the last request. */
const PATIENCE_MS = 10_000;

const IS_HIT = /\r\nx-cache: HIT\r\n/i;
const IS_BLIND = new RegExp(`\r\n${STATE_FIELD}: blind\r\n`, "i");

/** One keep-alive connection, with one request at a time. */
class Connection {
  readonly #socket: Socket;
  #received = "";
  #done: ((response: string | undefined) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => this.#read(chunk));
    this.#socket.on("error", () => this.#end(undefined));
    this.#socket.on("close", () => this.#end(undefined));
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once("connect", resolve);
      this.#socket.once("error", reject);
    });
  }

  ask(request: string, done: (response: string | undefined) => void): void {
    this.#received = "";
    this.#done = done;
    this.#socket.write(request, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#received += chunk;
    // All contents are one small object.
    if (this.#received.endsWith("}")) this.#end(this.#received);
  }

  #end(response: string | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(response);
  }
}

async function run({ ports, rate, seconds }: LoadOrder): Promise<Loaded> {
  const idle = ports.map((port) => Array.from({ length: CONNECTIONS }, () => new Connection(port)));
  await Promise.all(idle.flat().map((connection) => connection.opened()));
  const answers: Answer[] = [];
  let failed = 0;
  const open = new Set<Promise<void>>();

  const ask = async (node: number, id: number): Promise<void> => {
    const port = ports[node] as number;
    let connection = idle[node]?.pop();
    if (connection === undefined) {
      connection = new Connection(port);
      await connection.opened();
    }
    const used = connection;
    const sentAt = sharedNow();
    const request = `GET /items/${id} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    const response = await new Promise<string | undefined>((resolve) => used.ask(request, resolve));
    const version = /^HTTP\/1.1 200 [^]*\{"version":(\d+)\}$/.exec(response ?? "")?.[1];
    if (version === undefined) failed++;
    else
      answers.push([
        node,
        sentAt,
        Number(version),
        IS_HIT.test(response ?? ""),
        IS_BLIND.test(response ?? ""),
      ]);
    if (response !== undefined) idle[node]?.push(used);
  };

  const startedAt = sharedNow();
  const total = rate * seconds;
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((sharedNow() - startedAt) / 1000) * rate));
      for (; sent < due; sent++) {
        for (const node of ports.keys()) {
          // Another resource on the other node at the same time.
          const asked = ask(node, (sent + node * 7) % RESOURCES)
            .catch(() => void failed++)
            .finally(() => open.delete(asked));
          open.add(asked);
        }
      }
      if (sent === total) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
  await Promise.race([Promise.all(open), delay(PATIENCE_MS)]);
  failed += open.size;
  for (const connection of idle.flat()) connection.close();
  return { answers, failed };
}

answerParent((order) => run(order as LoadOrder));
