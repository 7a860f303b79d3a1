import type { ServerResponse } from "node:http";
import type { Follow } from "../../adapter.ts";
import { abortResponse } from "./abort-response.ts";
import { isDisconnected, onceClosed, onceItsTurn } from "./connection-closed.ts";
import { isWrapped } from "./method-override.ts";
import { setFields, setUnlessSet } from "./reply-fields.ts";
import { asWritten } from "./write-arguments.ts";

/**
 * Sends a response that comes for another request to a follower, at the pace of its client.
 *
 * A response that waits for its turn on a pipelined connection is sent nothing until then, and its client is no slow
 * reader: if too much has come meanwhile, `decideAgain` is called. Else `begin` is called with what sends the response.
 */
export function follow(
  following: Follow,
  res: ServerResponse,
  decideAgain: () => void,
  begin: (send: () => void) => void = (send) => send(),
): void {
  const { content } = following;
  let wake = (): void => undefined;
  onceClosed(res, () => {
    void content.return?.();
    wake();
  });
  onceItsTurn(res, () => {
    if (isDisconnected(res)) return;
    if (!following.isCut()) return begin(() => sendFollowed(following, res, (goOn) => (wake = goOn)));
    void content.return?.();
    decideAgain();
  });
}

function sendFollowed(
  { status, fields, unlessSet, making, content }: Follow,
  res: ServerResponse,
  whenWoken: (goOn: () => void) => void,
): void {
  res.statusCode = status;
  setFields(res, fields, making);
  setUnlessSet(res, unlessSet);
  // Middleware may still change the head when it is given the content.
  const isBehind = isWrapped(res);
  if (!isBehind) res.writeHead(status);
  let wake = (): void => undefined;
  // One listener for all: middleware may wrap `on` and not `off`, so none can be removed.
  res.on("drain", () => wake());
  whenWoken(() => wake());
  const write = isBehind
    ? (part: Uint8Array): boolean => Reflect.apply(res.write, res, asWritten(part, making)) !== false
    : (part: Uint8Array): boolean => res.write(part);
  void pipeContent(content, res, write, () => new Promise((resolve) => (wake = resolve)));
}

const NOTHING = new Uint8Array();

/** How many bytes may wait for a client, beside those in the buffers of the system. */
const HIGH_WATER_MARK = 262_144;

/**
 * Corks the connection for this turn, so that a source's last part and its end are one system call for each of many
 * clients. Node itself corks the connection only until the next tick. Corking the response has another effect.
 */
function corkThisTurn({ socket }: ServerResponse): void {
  if (socket === null || socket.writableCorked > 0) return;
  socket.cork();
  // The end of the response uncorks before.
  setImmediate(() => socket.uncork());
}

async function pipeContent(
  content: AsyncIterableIterator<Uint8Array>,
  res: ServerResponse,
  write: (part: Uint8Array) => boolean,
  drained: () => Promise<void>,
): Promise<void> {
  let hasStarted = false;
  // A slow source does not hold back the head.
  setImmediate(() => {
    if (hasStarted || res.destroyed) return;
    // `flushHeaders` would encode it in UTF-8, and not in latin1 as the first bytes do (hazard 43).
    if (isWrapped(res)) res.flushHeaders();
    else res.write(NOTHING);
  });
  try {
    for await (const part of content) {
      hasStarted = true;
      corkThisTurn(res);
      if (!write(part) && res.writableLength >= HIGH_WATER_MARK && !res.destroyed) await drained();
      if (res.destroyed) return;
    }
    hasStarted = true;
    res.end();
  } catch {
    // The source ended prematurely: the client must not take what it has for the whole.
    hasStarted = true;
    abortResponse(res);
  }
}
