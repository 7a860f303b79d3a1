import websocket from "@fastify/websocket";
import { onTestFinished, expect, it } from "vitest";
import { WebSocket } from "ws";
import { site } from "../fastify/support.ts";

/** A route that sends a page, and greets WebSockets. */
async function live(): Promise<{
  readonly ask: ReturnType<typeof site>["ask"];
  readonly greet: () => Promise<string>;
  readonly goOn: () => void;
}> {
  const { app, register, ask } = site();
  await register();
  await app.register(websocket);
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((open) => (goOn = open));
  app.route({
    method: "GET",
    url: "/live",
    cache: { ttl: 60 },
    handler: async () => {
      await gate;
      return "a page";
    },
    wsHandler: (socket) => socket.send("hello"),
  });
  const greet = async (): Promise<string> => {
    const { port } = app.server.address() as { port: number };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
    onTestFinished(() => socket.terminate());
    return new Promise((resolve, reject) => {
      socket.once("message", (message: Buffer) => resolve(message.toString()));
      socket.once("error", reject);
    });
  };
  return { ask, greet, goOn };
}

it("a WebSocket is opened while the page is stored", async () => {
  const { ask, greet, goOn } = await live();
  goOn();
  await ask("/live");
  const hit = await ask("/live");

  const greeting = await greet();

  expect([hit.cache, greeting]).toEqual(["HIT", "hello"]);
});

it("a WebSocket is opened while the page is under way, and the page's readers get the page", async () => {
  const { ask, greet, goOn } = await live();
  const page = ask("/live");
  await new Promise((resolve) => setTimeout(resolve, 50));

  const greetings = await Promise.all([greet(), greet()]);
  goOn();

  expect([greetings, (await page).body]).toEqual([["hello", "hello"], "a page"]);
});
