import { describe, expect, it } from "vitest";
import { kitOf, said, textOf } from "../../support/kit.ts";

const body = "0123456789".repeat(100);

describe("a hit that is asked for several ranges", () => {
  it("answers them in parts where that is smaller than the whole", () => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-type": "text/plain" }, body });

    const reply = ask({ headers: { range: "bytes=0-9,-5" } });

    expect(reply.status).toBe(206);
    expect(said(reply, "content-type")).toBe("multipart/byteranges; boundary=byteranges-0");
    expect(said(reply, "content-range")).toBeUndefined();
    expect(said(reply, "content-length")).toBe(String(reply.body?.byteLength));
    expect(textOf(reply)).toContain("Content-Range: bytes 995-999/1000\r\n\r\n56789\r\n");
  });

  it.each(["bytes=0-900,901-950", "bytes=0-5,3-9", "bytes=9-12,0-3"])("answers the whole for %s", (range) => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-type": "text/plain" }, body });

    const reply = ask({ headers: { range } });

    expect([reply.status, textOf(reply)]).toEqual([200, body]);
  });

  it("answers those that are there, and 416 where none is", () => {
    const { ask } = kitOf();
    ask({}, { body });

    const some = ask({ headers: { range: "bytes=0-1,5000-" } });
    const none = ask({ headers: { range: "bytes=5000-,6000-" } });

    expect([some.status, textOf(some)]).toEqual([206, "01"]);
    expect(none.status).toBe(416);
  });
});
