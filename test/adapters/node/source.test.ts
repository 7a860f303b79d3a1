import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { Source } from "../../../src/adapters/node/source.ts";
import { settled } from "../fastify/support.ts";

const AHEAD = 65_536;

const textOf = async (source: Source): Promise<string> => Buffer.from((await source.next()) ?? "").toString();

describe("a handler's stream that nobody reads yet", () => {
  it("keeps what came before it broke off, and tells of that afterwards", async () => {
    let sent = 0;
    const parts = async function* (): AsyncGenerator<string> {
      yield String(++sent);
      yield String(++sent);
      throw new Error("the stream breaks, as it was told to");
    };
    const source = new Source(Readable.from(parts()));
    await settled(() => sent);

    expect([await textOf(source), await textOf(source)]).toEqual(["1", "2"]);
    await expect(source.next()).rejects.toThrow("the stream breaks, as it was told to");
  });

  it("is held back", async () => {
    let sent = 0;
    const parts = async function* (): AsyncGenerator<Buffer> {
      for (; sent < 20; sent++) yield Buffer.alloc(AHEAD, sent);
    };
    const source = new Source(Readable.from(parts()));
    await settled(() => sent);
    const ahead = sent;
    const numbers = [(await source.next())?.[0], (await source.next())?.[0], (await source.next())?.[0]];

    expect(ahead).toBeLessThan(5);
    expect(numbers).toEqual([0, 1, 2]);
  });

  it("fails at a part that is neither text nor bytes, and not the process", async () => {
    const source = new Source(Readable.from(["1", { a: 1 }, "2"]));

    expect(await textOf(source)).toBe("1");
    await expect(source.next()).rejects.toThrow("parts that are no bytes");
  });
});
