import { describe, expect, it } from "vitest";
import type { StreamedReply } from "../../src/adapter.ts";
import { settle } from "../support/kit.ts";
import { outgrown } from "../support/streams.ts";

/** Writes as long as there is room. Returns how many parts there was room for. */
async function fed({ sink }: StreamedReply, most: number): Promise<number> {
  for (let count = 0; count < most; count++) {
    sink?.write("part");
    let isHeld = true;
    void (sink?.room() ?? Promise.resolve()).then(() => (isHeld = false));
    await settle();
    if (isHeld) return count + 1;
  }
  return most;
}

async function readAll(content: AsyncIterableIterator<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const part of content) bytes += part.byteLength;
  return bytes;
}

describe("a leader that does not read a stream too large to buffer", () => {
  it("holds back its source and its followers", async () => {
    const { stream, follower } = await outgrown();
    expect(stream.content).toBeDefined();
    void readAll(follower);

    expect(await fed(stream, 10)).toBeLessThan(10);
  });

  it("is cut off after maxWait, and its followers get the rest", async () => {
    const { kit, stream, follower } = await outgrown();
    const leader = stream.content;
    const whole = readAll(follower);
    const before = await fed(stream, 10);

    kit.clock.advance(1);
    await settle();
    await fed(stream, 10);
    kit.clock.advance(0);
    await fed(stream, 10);
    stream.sink?.end();

    expect(await whole).toBe((before + 20) * 4);
    await expect(leader?.next()).rejects.toMatchObject({ code: "ERR_CACHE_READER_CUT" });
  });

  it("is waited for without limit where nobody follows", async () => {
    const { kit, stream, follower } = await outgrown();
    const leader = stream.content;
    await follower.return?.();
    const before = await fed(stream, 10);
    kit.clock.advance(3600);
    await settle();

    const bytes = readAll(leader!);
    stream.sink?.end();

    expect([before < 10, await bytes]).toEqual([true, before * 4]);
  });

  it("is waited for again after each part that it reads", async () => {
    const { kit, stream, follower } = await outgrown();
    const leader = stream.content!;
    void readAll(follower);
    await fed(stream, 10);
    kit.clock.advance(0.9);
    await leader.next();
    await leader.next();
    await settle();
    await fed(stream, 10);

    kit.clock.advance(0.9);
    await settle();

    expect((await leader.next()).done).toBe(false);
  });
});
