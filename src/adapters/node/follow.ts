import type { ServerResponse } from "node:http";
import type { Follow } from "../../adapter.ts";
import { breakOff } from "./break-off.ts";
import { isWrapped } from "./front.ts";
import { onceClosed } from "./gone.ts";
import { sayFields } from "./reply-fields.ts";
import { inForm } from "./send.ts";

/** Sends another request's response while it comes, at this client's own pace. */
export function follow({ status, fields, manner, content }: Follow, res: ServerResponse): void {
  res.statusCode = status;
  sayFields(res, fields, manner);
  // What stands in front may still change the head as the content comes to it.
  const isFronted = isWrapped(res);
  if (!isFronted) res.writeHead(status);
  let wake = (): void => undefined;
  // One listener for all: what stands in front of a response may not let go of those that it was given.
  res.on("drain", () => wake());
  onceClosed(res, () => {
    void content.return?.();
    wake();
  });
  const write = isFronted
    ? (part: Uint8Array): boolean => Reflect.apply(res.write, res, inForm(part, manner)) !== false
    : (part: Uint8Array): boolean => res.write(part);
  void pump(content, res, write, () => new Promise((resolve) => (wake = resolve)));
}

/** How many bytes wait for a client that reads, beside those that the system holds for it. */
const AHEAD = 262_144;

/**
 * Lets what is written in this turn go out together: a source's last part and its end are one write then, for each of
 * many clients. Node does so with the connection itself until the next tick; to cork a response is another thing.
 */
function gather({ socket }: ServerResponse): void {
  if (socket === null || socket.writableCorked > 0) return;
  socket.cork();
  // The end of a response lets all of it go.
  setImmediate(() => socket.uncork());
}

async function pump(
  content: AsyncIterableIterator<Uint8Array>,
  res: ServerResponse,
  write: (part: Uint8Array) => boolean,
  roomComes: () => Promise<void>,
): Promise<void> {
  let isSilent = true;
  // A source that takes its time does not hold back the head.
  setImmediate(() => {
    if (isSilent && !res.destroyed) res.flushHeaders();
  });
  try {
    for await (const part of content) {
      isSilent = false;
      gather(res);
      if (!write(part) && res.writableLength >= AHEAD && !res.destroyed) await roomComes();
      if (res.destroyed) return;
    }
    isSilent = false;
    res.end();
  } catch {
    // The source broke off, and so does this: what has come must not be taken for the whole.
    isSilent = false;
    breakOff(res);
  }
}
