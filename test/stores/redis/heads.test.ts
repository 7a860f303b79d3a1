import { describe, expect, it } from "vitest";
import { encodeHead } from "../../../src/stores/redis/head.ts";
import { Heads } from "../../../src/stores/redis/heads.ts";
import { entryOf } from "./support.ts";

describe("the memory of heads", () => {
  it("is bounded, keeps what is used, and forgets what is not", () => {
    const heads = new Heads((key) => `cr:r:${key}`);
    const bytesOf = (key: string): Buffer => encodeHead(entryOf(key));
    const popular = heads.headOf("popular", "", bytesOf("popular"));
    const rare = heads.headOf("rare", "", bytesOf("rare"));

    for (let at = 0; at < 20_000; at++) {
      heads.headOf(`once ${at}`, "", bytesOf(`once ${at}`));
      heads.headOf("popular", "", bytesOf("popular"));
    }

    expect(heads.headOf("popular", "", bytesOf("popular"))).toBe(popular);
    expect(heads.headOf("rare", "", bytesOf("rare"))).not.toBe(rare);
  });

  it("keeps no more than it may of one resource with many variants", () => {
    const heads = new Heads((key) => key);
    const first = heads.headOf("k", "0", encodeHead(entryOf("k")));
    const fields = [["x-long", "x".repeat(100_000)]] as const;
    for (let at = 1; at < 200; at++) heads.headOf("k", String(at), encodeHead(entryOf("k", { fields })));
    expect(heads.headOf("k", "0", encodeHead(entryOf("k")))).not.toBe(first);
  });

  it("holds no part of what was received with a head", () => {
    const heads = new Heads((key) => key);
    const received = Buffer.concat([encodeHead(entryOf("k")), Buffer.alloc(65_536)]);
    const bytes = received.subarray(0, received.length - 65_536);
    const head = heads.headOf("k", "", bytes);
    received.fill(0);
    expect(heads.headOf("k", "", encodeHead(entryOf("k")))).toBe(head);
  });
});
