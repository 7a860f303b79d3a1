import morgan from "morgan";
import onFinished from "on-finished";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { quietCache, versions, visit } from "../express/support.ts";

describe.each(versions)("%s behind morgan", (_version, express) => {
  it("a follower is sent the whole response, though the leader disconnects and the handler would stop its source by on-finished", async () => {
    const app = express();
    app.use(morgan("tiny", { stream: { write: () => undefined } }));
    let runs = 0;
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((open) => (goOn = open));
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), async (_req, res) => {
      runs++;
      let isStopped = false;
      onFinished(res, () => (isStopped = true));
      res.write("one ");
      await gate;
      if (!isStopped) res.end("two");
    });
    const client = await visit(app);
    const leader = await client.open({ path: "/a" });
    await leader.next();
    const follower = await client.open({ path: "/a" });
    const first = await follower.next();

    leader.abort();
    await turns();
    goOn();
    const second = await follower.next();

    expect([first, second, await follower.next(), runs]).toEqual(["one ", "two", undefined, 1]);
  });

  it("the log has the URL that the client sent, and the handler only what is in the key", async () => {
    const lines: string[] = [];
    const app = express();
    app.use(morgan(":url :status", { stream: { write: (line: string) => void lines.push(line.trim()) } }));
    const seen: string[] = [];
    app.get("/list", cacheRoute(quietCache(), { ttl: 60, query: ["page"] }), (req, res) => {
      seen.push(req.originalUrl);
      res.send("a list");
    });
    const client = await visit(app);

    await client.ask({ path: "/list?page=1&evil=1" });
    await client.ask({ path: "/list?evil=2&page=1" });
    await turns();

    expect(seen).toEqual(["/list?page=1"]);
    expect(lines).toEqual(["/list?page=1&evil=1 200", "/list?evil=2&page=1 200"]);
  });
});

/** Waits until what came over a socket has been noticed. */
async function turns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
