import { describe, expect, it } from "vitest";
import { quietCache } from "../harness/fetch-site.ts";
import { webSite } from "./site.ts";
import type { WebSite } from "./site.ts";

/** A site with a cached POST route that responds with the number of its run. */
function site(): WebSite {
  const options = { ttl: 60, methods: ["POST"] };
  return webSite(quietCache(), (_, run) => new Response(`run ${run}`), options);
}

const post = (content: string): RequestInit => ({ method: "POST", body: content });

describe("content that something in front has read", () => {
  it("enters the key if it is known", async () => {
    const { ask } = site();
    const send = async (content: string): Promise<string> =>
      (await ask([], post(content), { content: () => new TextEncoder().encode(content) })).text();

    expect([await send("a"), await send("b"), await send("a")]).toEqual(["run 1", "run 2", "run 1"]);
  });

  it("keeps its request from the cache if it is unknown", async () => {
    const { ask } = site();
    const send = async (): Promise<string> => (await ask([], post("a"), { content: () => undefined })).text();

    expect([await send(), await send()]).toEqual(["run 1", "run 2"]);
  });

  it("keeps its request from the cache if it is larger than 1 MiB", async () => {
    const { ask } = site();
    const large = new Uint8Array(2 ** 20 + 1);
    const send = async (): Promise<string> => (await ask([], post("a"), { content: () => large })).text();

    expect([await send(), await send()]).toEqual(["run 1", "run 2"]);
  });
});
