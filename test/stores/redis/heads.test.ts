import { describe, expect, it } from "vitest";
import { encodeHead } from "../../../src/stores/redis/head.ts";
import { Heads } from "../../../src/stores/redis/heads.ts";
import { entryOf } from "./support.ts";

function headOf(heads: Heads, key: string, variant: string, bytes: Buffer): object | undefined {
  return heads.read(key, variant, bytes, undefined)?.head;
}

describe("the memory of heads", () => {
  it("is bounded, keeps what is used, and forgets what is not", () => {
    const heads = new Heads((key) => `cr:r:${key}`);
    const bytesOf = (key: string): Buffer => encodeHead(entryOf(key));
    const popular = headOf(heads, "popular", "", bytesOf("popular"));
    const rare = headOf(heads, "rare", "", bytesOf("rare"));

    for (let at = 0; at < 20_000; at++) {
      headOf(heads, `once ${at}`, "", bytesOf(`once ${at}`));
      headOf(heads, "popular", "", bytesOf("popular"));
    }

    expect(headOf(heads, "popular", "", bytesOf("popular"))).toBe(popular);
    expect(headOf(heads, "rare", "", bytesOf("rare"))).not.toBe(rare);
  });

  it("keeps no more than it may of one resource with many variants", () => {
    const heads = new Heads((key) => key);
    const first = headOf(heads, "k", "0", encodeHead(entryOf("k")));
    const fields = [["x-long", "x".repeat(100_000)]] as const;
    for (let at = 1; at < 200; at++) headOf(heads, "k", String(at), encodeHead(entryOf("k", { fields })));
    expect(headOf(heads, "k", "0", encodeHead(entryOf("k")))).not.toBe(first);
  });

  it("holds no part of what was received with a head", () => {
    const heads = new Heads((key) => key);
    const received = Buffer.concat([encodeHead(entryOf("k")), Buffer.alloc(65_536)]);
    const bytes = received.subarray(0, received.length - 65_536);
    const head = headOf(heads, "k", "", bytes);
    received.fill(0);
    expect(headOf(heads, "k", "", encodeHead(entryOf("k")))).toBe(head);
  });

  it("returns the same bytes of small content again, and holds no part of what was received with it", () => {
    const heads = new Heads((key) => key);
    const bytes = encodeHead(entryOf("k"));
    const received = Buffer.from("content, and more");
    const first = heads.read("k", "", bytes, received.subarray(0, 7));
    received.fill(0);
    const again = heads.read("k", "", bytes, Buffer.from("content"));

    expect([again?.body, again?.head]).toEqual([Buffer.from("content"), first?.head]);
    expect(again?.body).toBe(first?.body);
    expect(headOf(heads, "k", "", bytes)).toBe(first?.head);
  });

  it("returns other content with another head, as after a head was read alone", () => {
    const heads = new Heads((key) => key);
    const bytes = encodeHead(entryOf("k"));
    const reads = [undefined, "one", "two", "two"].map((body) => {
      return heads.read("k", "", bytes, body === undefined ? body : Buffer.from(body));
    });

    expect(reads.map((read) => read?.body?.toString())).toEqual([undefined, "one", "two", "two"]);
    expect(new Set(reads.map((read) => read?.head)).size).toBe(3);
  });

  it("keeps no large content", () => {
    const heads = new Heads((key) => key);
    const bytes = encodeHead(entryOf("k"));
    const [one, other] = [Buffer.alloc(8193), Buffer.alloc(8193)];
    const reads = [one, other].map((body) => heads.read("k", "", bytes, body));

    expect(reads[0]?.body === one && reads[1]?.body === other).toBe(true);
    expect(reads[0]?.head).toBe(reads[1]?.head);
  });
});
