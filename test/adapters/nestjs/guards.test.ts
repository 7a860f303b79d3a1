import { Controller, Get, Req } from "@nestjs/common";
import type { CanActivate, ExecutionContext } from "@nestjs/common";
import { describe, expect, it } from "vitest";
import { CacheRoute } from "../../../src/adapters/nestjs.ts";
import { gate } from "../koa/support.ts";
import { platforms, start } from "./support.ts";
import type { Site } from "./support.ts";

interface ReadingRequest {
  seen?: string;
}

/** A text that a guard reads, and that is written before the guard goes on. */
class Text {
  value = "old";
  readonly isRead = gate();
  readonly isWritten = gate();

  async readFor(request: ReadingRequest): Promise<void> {
    request.seen = this.value;
    this.isRead.open();
    await this.isWritten.opened;
  }
}

@Controller()
class TextController {
  @CacheRoute({ ttl: 60, tags: ["text"] })
  @Get()
  find(@Req() request: ReadingRequest): string {
    return String(request.seen);
  }
}

/** Asks while the text is written, then twice again. */
async function askAround({ client, cache }: Site, text: Text): Promise<unknown> {
  const first = client.ask({ path: "/" });
  await text.isRead.opened;
  text.value = "new";
  await cache.invalidate({ tag: "text" });
  text.isWritten.open();
  const answers = [await first, await client.ask({ path: "/" }), await client.ask({ path: "/" })];
  return answers.map((answer) => [answer.text, answer.header("x-cache")]);
}

const NOT_STORED = [
  ["old", "MISS"],
  ["new", "MISS"],
  ["new", "HIT"],
];

describe.each(platforms)("on %s, what a guard has read", (platform) => {
  it("is not stored if it was invalidated before the handler ran, for the first request of a server, too", async () => {
    const text = new Text();
    const guard: CanActivate = {
      async canActivate(context: ExecutionContext) {
        await text.readFor(context.getArgByIndex<ReadingRequest>(0));
        return true;
      },
    };
    const site = await start(platform, {
      controllers: [TextController],
      prepare: (app) => app.useGlobalGuards(guard),
    });

    expect(await askAround(site, text)).toEqual(NOT_STORED);
  });
});

describe("on Express, what middleware has read", () => {
  it("is not stored if it was invalidated before the handler ran, for the first request of a server, too", async () => {
    const text = new Text();
    const site = await start("Express", {
      controllers: [TextController],
      prepare: (app) =>
        app.use(async (request: ReadingRequest, _response: unknown, next: () => void) => {
          await text.readFor(request);
          next();
        }),
    });

    expect(await askAround(site, text)).toEqual(NOT_STORED);
  });
});
