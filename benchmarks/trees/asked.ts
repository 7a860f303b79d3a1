// A process with one tree in it that asks itself: `asked.js <order> <requests>`. It runs under valgrind, which counts the
// instructions of all of it, client included.
import { connect } from "node:net";
import { PATH } from "./messages.ts";
import type { TreeOrder } from "./messages.ts";

const { kind } = JSON.parse(process.argv[2] ?? "{}") as TreeOrder;
const requests = Number(process.argv[3]);
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const { loop, port } = await import("./server.ts");
if (loop === undefined) await ask();
else loop(requests);
process.exit(0);

/** Sends one request after another on one connection. */
function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let asked = 0;
    /** How many bytes of a response are still to come; NaN while its head is, Infinity where only its end tells. */
    let left = Number.NaN;
    const next = (): void => {
      if (asked === requests) return resolve();
      left = Number.NaN;
      const query = kind === "hit" ? "" : `?n=${asked}`;
      asked++;
      socket.write(`GET ${PATH}${query} HTTP/1.1\r\nhost: a.test\r\naccept: */*\r\n\r\n`);
    };
    socket.on("connect", next);
    socket.on("error", reject);
    socket.on("data", (part) => {
      let content = part.byteLength;
      if (Number.isNaN(left)) {
        const end = part.indexOf("\r\n\r\n");
        const [, length] = /\r\ncontent-length: (\d+)/i.exec(part.toString("latin1", 0, end)) ?? [];
        left = length === undefined ? Infinity : Number(length);
        content -= end + 4;
      }
      left -= content;
      if (left === 0 || (left === Infinity && part.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK))) next();
    });
  });
}
