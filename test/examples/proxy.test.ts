import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { endToEnd, forward } from "../../examples/proxy/forward.ts";

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** A server that hands each request on to the origin, and says what came of it. */
function proxyOf(origin: URL, change: (request: IncomingMessage) => void = () => undefined): Promise<URL> {
  return listen((request, response) => {
    change(request);
    forward(request, origin).then(
      (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 0)),
      (error: { readonly statusCode: number }) => response.writeHead(error.statusCode).end("no answer"),
    );
  });
}

async function ask(
  to: URL,
  { method = "GET", headers = {}, content = "" } = {},
): Promise<{ status: number | undefined; content: string }> {
  const sent = send(to, { method, headers, agent: false }).end(content);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode, content: await text(answer) };
}

/** Answers with what it was asked. */
const mirror: RequestListener = (request, response) => {
  text(request).then(
    (content) => response.end(JSON.stringify({ method: request.method, headers: request.headers, content })),
    () => response.destroy(),
  );
};

describe("examples/proxy hands a request on", () => {
  it("with its method, content and end-to-end fields", async () => {
    const proxy = await proxyOf(await listen(mirror));

    const { content } = await ask(proxy, {
      method: "DELETE",
      headers: { "content-type": "x/unknown", "transfer-encoding": "chunked", "x-kept": "1" },
      content: "abc",
    });

    expect(JSON.parse(content)).toMatchObject({
      method: "DELETE",
      content: "abc",
      headers: { "content-type": "x/unknown", "x-kept": "1", via: "1.1 caching-route" },
    });
  });

  it("without what is about the connection", async () => {
    const proxy = await proxyOf(await listen(mirror));

    const { content } = await ask(proxy, {
      headers: { connection: "close, x-hop", "x-hop": "1", te: "trailers", "proxy-authorization": "secret" },
    });

    const { headers } = JSON.parse(content) as { headers: Record<string, string> };
    expect(Object.keys(headers).toSorted()).toEqual(["connection", "host", "via"]);
  });

  it("as the cache shows it, not as the client sent it", async () => {
    const change = (request: IncomingMessage): void => {
      delete request.headers.range;
      request.headers["if-none-match"] = '"stored"';
    };
    const proxy = await proxyOf(await listen(mirror), change);

    const { content } = await ask(proxy, { headers: { range: "bytes=0-1" } });

    const { headers } = JSON.parse(content) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ "if-none-match": '"stored"' });
    expect(headers).not.toHaveProperty("range");
  });

  it("and waits for the final response where the origin sends interim ones", async () => {
    const origin = await listen((_request, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.writeHead(203).end("final");
    });
    const proxy = await proxyOf(origin);

    await expect(ask(proxy)).resolves.toEqual({ status: 203, content: "final" });
  });

  it("and answers 502 where the origin breaks the connection", async () => {
    const proxy = await proxyOf(await listen((request) => request.socket.destroy()));

    await expect(ask(proxy)).resolves.toEqual({ status: 502, content: "no answer" });
  });
});

describe("the end-to-end fields of a response", () => {
  it("keep repeated lines apart, and leave out what Connection names", () => {
    const fields = { "set-cookie": ["a=1", "b=2"], "x-hop": ["1"], "keep-alive": ["timeout=5"] };

    expect(endToEnd(fields, "X-Hop, close")).toEqual([["set-cookie", ["a=1", "b=2"]]]);
  });
});
