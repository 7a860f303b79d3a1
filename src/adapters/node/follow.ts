import type { ServerResponse } from "node:http";
import type { Follow } from "../../adapter.ts";
import { abortResponse } from "./abort-response.ts";
import { isWrapped } from "./method-override.ts";
import { isDisconnected, onceClosed, onceItsTurn } from "./connection-closed.ts";
import { setFields } from "./reply-fields.ts";
import { asWritten } from "./send-reply.ts";

/**
 * Sends another request's response while it comes, at this client's own pace.
 *
 * A client may ask for it behind something else on its connection. It is sent nothing until then, and is no slow reader:
 * where too much has come meanwhile, `decideAgain` is called.
 */
export function follow(following: Follow, res: ServerResponse, decideAgain: () => void): void {
  const { content } = following;
  let wake = (): void => undefined;
  onceClosed(res, () => {
    void content.return?.();
    wake();
  });
  onceItsTurn(res, () => {
    if (isDisconnected(res)) return;
    if (!following.isCut()) return send(following, res, (goOn) => (wake = goOn));
    void content.return?.();
    decideAgain();
  });
}

function send(
  { status, fields, making, content }: Follow,
  res: ServerResponse,
  whenWoken: (goOn: () => void) => void,
): void {
  res.statusCode = status;
  setFields(res, fields, making);
  // What stands in front may still change the head as the content comes to it.
  const isFronted = isWrapped(res);
  if (!isFronted) res.writeHead(status);
  let wake = (): void => undefined;
  // One listener for all: what stands in front of a response may not let go of those that it was given.
  res.on("drain", () => wake());
  whenWoken(() => wake());
  const write = isFronted
    ? (part: Uint8Array): boolean => Reflect.apply(res.write, res, asWritten(part, making)) !== false
    : (part: Uint8Array): boolean => res.write(part);
  void pump(content, res, write, () => new Promise((resolve) => (wake = resolve)));
}

const NOTHING = new Uint8Array();

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
    if (!isSilent || res.destroyed) return;
    // With `flushHeaders`, Node would write it in UTF-8, and not in latin1 as with the first bytes (hazard 43).
    if (isWrapped(res)) res.flushHeaders();
    else res.write(NOTHING);
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
    abortResponse(res);
  }
}
