import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../adapters/harness/collect-garbage.ts";
import { serve } from "../../examples/fetch/serve.ts";

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

describe("the server of the fetch examples", () => {
  it("cancels the content of a handler that responds after its client has gone, and lives on", async () => {
    let cancel: (reason: unknown) => void = () => undefined;
    const cancelled = new Promise((resolve) => (cancel = resolve));
    const { server, address } = await serve(async ({ signal }) => {
      await once(signal, "abort");
      return new Response(
        new ReadableStream({ pull: (content) => content.enqueue(new Uint8Array(9)), cancel }),
      );
    }, 0);
    closing.push(() => server.close());
    const client = connect(Number(new URL(address).port), "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(server, "request");
    // A handler may keep nothing of its request but the signal.
    await collectGarbage();
    client.destroy();

    expect(await cancelled).toHaveProperty("name", "AbortError");
    // An error that nobody listens to is thrown a few turns later.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  });
});
