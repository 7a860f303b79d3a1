import { describe, expect, it } from "vitest";
import { copied, fixedBytes, nameList } from "../../../src/core/lookup/untrusted.ts";
import type { EntryHead } from "../../../src/index.ts";
import { entryOf, readOf } from "../../support/entry.ts";

const head = readOf(
  entryOf({
    fields: [["link", ["<a>", "<b>"]]],
    vary: ["accept"],
    names: ["t|a"],
    staleIfErrorUntil: Infinity,
  }),
).head as EntryHead;

const refuse = (): never => {
  throw new Error("unreadable");
};

describe("a head from a store", () => {
  it("is copied, so that later changes have no effect", () => {
    const { length, ...others } = head;
    const copy = copied(head);

    expect(copy).toMatchObject({ head: others, length });
    expect([copy?.head.fields === head.fields, copy?.head.names === head.names]).toEqual([false, false]);
  });

  it.each<[string, object]>([
    ["whose length is not whole", { length: 0.5 }],
    ["whose length is beyond what numbers can count", { length: 2 ** 53 }],
    ["without names", { names: undefined }],
    ["whose position is infinite", { began: Infinity }],
    ["whose vary list lacks a name of its Vary", { fields: [["vary", "cookie"]] }],
    ["with a window that is no instant", { staleIfErrorUntil: Number.NaN }],
    ["whose handler ended after the content", { making: { endBytes: 1 } }],
  ])("is none %s", (_, wrong) => {
    expect(copied({ ...head, ...wrong })).toBeUndefined();
  });

  it("is none where reading it throws", () => {
    expect(copied(new Proxy(head, { get: refuse }))).toBeUndefined();
  });
});

describe("content from a store", () => {
  it("is a view of the same bytes", () => {
    const bytes = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
    const fixed = fixedBytes(bytes);

    expect([...(fixed ?? [])]).toEqual([1, 2]);
    expect(fixed?.buffer).toBe(bytes.buffer);
  });

  it("are the same object where they are a Buffer, of which another view would have to be made to send them", () => {
    const buffer = Buffer.from("abc");
    class Odd extends Buffer {}
    const odd = Object.setPrototypeOf(Buffer.from("abc"), Odd.prototype) as Buffer;

    expect([fixedBytes(buffer) === buffer, fixedBytes(odd) === odd]).toEqual([true, false]);
  });

  it.each<[string, unknown]>([
    ["text", "abc"],
    ["an ArrayBuffer", new ArrayBuffer(2)],
    ["shared", new Uint8Array(new SharedArrayBuffer(2))],
    ["behind a proxy", new Proxy(new Uint8Array(2), {})],
    ["null", null],
  ])("is none where it is %s", (_, body) => {
    expect(fixedBytes(body)).toBeUndefined();
  });
});

describe("a list of field names from a store", () => {
  it("is copied where all are names in lower case", () => {
    expect([nameList(["accept", "x-a"]), nameList([])]).toEqual([["accept", "x-a"], []]);
  });

  it.each<[string, unknown]>([
    ["with upper case", ["Accept"]],
    ["with *", ["*"]],
    ["with a number", [1]],
    ["that is text", "accept"],
    ["that throws", new Proxy([], { get: refuse })],
  ])("is none %s", (_, list) => {
    expect(nameList(list)).toBeUndefined();
  });
});
