import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Middleware } from "koa";
import { expect, it, onTestFinished } from "vitest";
import { gate, route, until } from "./support.ts";

it("a stream that is followed leaves the application all listeners that Node allows it without a cache", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const rest = gate();
  const sockets: (() => Socket)[] = [];
  const parts = async function* (): AsyncGenerator<string> {
    yield "one ";
    await rest.opened;
    yield "two";
  };
  // With those of Koa's own pipeline, ten.
  const front: Middleware = async (ctx, next) => {
    sockets.push(() => ctx.req.socket);
    for (const _ of ["log", "trace", "metrics"]) ctx.res.once("close", () => undefined);
    await next();
  };
  const { client } = await route((ctx) => (ctx.body = Readable.from(parts())), { front: [front] });

  const leader = await client.open({ path: "/a" });
  expect(await leader.next()).toBe("one ");
  const left = sockets[0]?.();
  const follower = await client.open({ path: "/a" });
  expect(await follower.next()).toBe("one ");
  leader.abort();
  await until(() => sockets[0]?.() !== left);
  rest.open();

  expect(await follower.next()).toBe("two");
  expect(await follower.next()).toBeUndefined();
  expect(warnings).toEqual([]);
});
