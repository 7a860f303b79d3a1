import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Context } from "koa";
import type { Follow } from "../../adapter.ts";
import { abortResponse } from "../node/abort-response.ts";
import { allowListeners, isDisconnected, onceClosed, onceItsTurn } from "../node/connection-closed.ts";
import { setHead } from "./head.ts";

/**
 * Sends a response that comes for another request to a follower, as a stream that Koa sends at the pace of its client.
 *
 * A response that waits for its turn on a pipelined connection is sent nothing until then, and its client is no slow
 * reader: if too much has come meanwhile, the result is false, and the request has to be decided again.
 */
export async function follow(following: Follow, ctx: Context): Promise<boolean> {
  const { res } = ctx;
  const { content } = following;
  // Until its turn, and until its end.
  allowListeners(res, 2);
  await itsTurn(res);
  if (isDisconnected(res) || following.isCut()) {
    void content.return?.();
    return isDisconnected(res);
  }
  const stream = new Readable({
    read: () => {
      content.next().then(
        ({ done, value }) => void stream.push(done === true ? null : value),
        // The source ended prematurely: the client must not take what it has for the whole.
        (error: unknown) => void stream.destroy(error as Error),
      );
    },
    destroy: (error, done) => {
      void content.return?.();
      done(error);
    },
  });
  abortWith(stream, res);
  onceClosed(res, () => stream.destroy());
  setHead(ctx, following, stream);
  return true;
}

/**
 * Breaks a response off with the stream that is its content, whatever compresses that in between. If something else was
 * sent in its place, that is left alone.
 */
export function abortWith(stream: Readable, res: ServerResponse): void {
  stream.once("error", (error) => void (res.writableEnded || abortResponse(res, error)));
}

/** Returns a promise that is fulfilled when a response has its turn on its connection, or is closed. */
function itsTurn(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    onceClosed(res, resolve);
    onceItsTurn(res, resolve);
  });
}
