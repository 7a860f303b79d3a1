import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { listen as listenByExample } from "../harness/fetch.ts";
import { srvxHarness } from "../harness/srvx.ts";
import { srvx } from "../packages/servers.mjs";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";

const servers = { [srvxHarness.name]: srvx, "the server of the examples": listenByExample };

it.each(Object.entries(servers))(
  "a request that names two hosts, on %s, never decides what those get that name one of them",
  async (_name, listen) => {
    const { origin, close } = await listen(
      cacheRoute(createCache(), { ttl: 60 }, (request) => new Response(request.headers.get("host"))),
    );
    onTestFinished(async () => void (await close()));
    const hosts: unknown[] = [];
    for (const head of [
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET / HTTP/1.1\r\nHost: shop.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test",
    ]) {
      const socket = connect(Number(new URL(origin).port), "127.0.0.1");
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
      let text = "";
      socket.on("data", (part: Buffer) => (text += part.toString()));
      await once(socket, "close");
      hosts.push(text.split("\r\n\r\n")[1]);
    }

    expect([hosts[1], hosts[3]]).toEqual(["shop.test", "shop.test"]);
  },
);
