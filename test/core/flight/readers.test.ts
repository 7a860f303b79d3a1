import { describe, expect, it } from "vitest";
import type { Sink } from "../../../src/adapter.ts";
import { asking, fillOf, followOf, kitOf, openWith, readText, settle } from "../../support/kit.ts";
import type { Kit } from "../../support/kit.ts";
import { joined, outgrown, streaming } from "../../support/streams.ts";

describe("the client of a run", () => {
  it("reads at its own pace beside followers, and the source waits for it beyond the budget", async () => {
    const { stream } = await streaming({ route: { maxBodyBytes: 4 } });
    const content = stream.content;
    stream.sink?.write("one ");
    const within = stream.sink?.room();
    stream.sink?.write("two ");
    const beyond = stream.sink?.room();
    await content?.next();
    await content?.next();

    expect([within, beyond, stream.sink?.room()]).toEqual([undefined, expect.any(Promise), undefined]);
  });
});

describe("a run whose client has gone", () => {
  it("stops its source once the last follower has gone, too", async () => {
    const { kit, stream, stopped } = await streaming();
    const follower = followOf(await joined(kit));
    await stream.content?.return?.();
    const before = stopped();

    await follower.content.return?.();

    expect([before, stopped()]).toEqual([0, 1]);
  });

  it("breaks its followers off where its source is silent for as long as they would wait", async () => {
    const { kit, stream, stopped } = await streaming({ route: { maxWait: 1 } });
    const follower = followOf(await joined(kit));
    stream.sink?.leave();
    stream.sink?.write("one");
    kit.clock.advance(0.9);
    stream.sink?.write("two");
    kit.clock.advance(0.9);
    const before = stopped();

    kit.clock.advance(0.1);

    expect([before, stopped()]).toEqual([0, 1]);
    await expect(readText(follower.content)).rejects.toMatchObject({ code: "ERR_CACHE_SOURCE" });
  });
});

describe("a client whose own back-pressure holds a source back", () => {
  it("is cut where it has done so for maxWait while others follow", async () => {
    const { kit, stream } = await outgrown();
    let cuts = 0;
    stream.sink?.hold(() => cuts++);

    kit.clock.advance(1);

    expect(cuts).toBe(1);
  });

  it("is not cut where nobody follows, where it is gone, or where it holds nothing back any more", async () => {
    const { kit, stream, follower } = await outgrown();
    let cuts = 0;
    stream.sink?.hold(() => cuts++)();
    kit.clock.advance(1);
    await follower.return?.();
    stream.sink?.hold(() => cuts++);
    kit.clock.advance(1);

    expect(cuts).toBe(0);
  });
});

describe("a source that waits for its followers", () => {
  /** A stream too large to be kept, whose own client is gone, with a follower who has read half of what has come. */
  async function followed(): Promise<{
    readonly kit: Kit;
    readonly sink: Sink;
    readonly content: AsyncIterableIterator<Uint8Array>;
    readonly stops: () => number;
  }> {
    const kit = kitOf({ route: { maxBodyBytes: 10, maxWait: 1 } });
    let stops = 0;
    const { sink } = openWith(fillOf(kit.now())).stream(() => stops++);
    const decided = asking(kit, {});
    await settle();
    const { content } = followOf(decided()!);
    sink!.write("one of ");
    await content.next();
    sink!.write("two ");
    expect(sink!.leave()).toBe(true);
    return { kit, sink: sink!, content, stops: () => stops };
  }

  it("is not given up for that, however long one of them pauses", async () => {
    const { kit, sink, content, stops } = await followed();

    const room = sink.room();
    kit.clock.advance(60);
    const text = readText(content);
    await room;
    sink.write("and the rest");
    sink.end();

    expect(room).toBeInstanceOf(Promise);
    expect(await text).toBe("two and the rest");
    expect(stops()).toBe(0);
  });

  it("is given up where it falls silent once there is room", async () => {
    const { kit, sink, content, stops } = await followed();
    const room = sink.room();
    await content.next();
    const next = content.next();
    await room;

    kit.clock.advance(1.5);

    await expect(next).rejects.toThrow("ended prematurely");
    expect(stops()).toBe(1);
  });
});
