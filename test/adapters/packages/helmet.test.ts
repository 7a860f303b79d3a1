import { randomBytes } from "node:crypto";
import helmet from "helmet";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { quietCache, versions, visit } from "../express/support.ts";

describe.each(versions)("%s behind helmet", (_version, express) => {
  it("a field that the handler removed is on no response", async () => {
    const app = express();
    app.use(helmet());
    app.get("/embed", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => {
      res.removeHeader("X-Frame-Options");
      res.send("<p>embed me</p>");
    });
    const client = await visit(app);

    const miss = await client.ask({ path: "/embed" });
    const hit = await client.ask({ path: "/embed" });
    const headers = { "if-none-match": hit.header("etag") ?? "" };
    const unchanged = await client.ask({ path: "/embed", headers });
    const head = await client.ask({ method: "HEAD", path: "/embed" });

    expect([miss, hit, unchanged, head].map(({ status }) => status)).toEqual([200, 200, 304, 200]);
    expect([hit, unchanged, head].map((answer) => answer.header("x-cache"))).toEqual(["HIT", "HIT", "HIT"]);
    for (const answer of [miss, hit, unchanged, head]) {
      expect(answer.header("x-frame-options")).toBeUndefined();
      expect(answer.header("x-content-type-options")).toBe("nosniff");
    }
  });

  it("the page has the nonce of the policy, and is not stored", async () => {
    const app = express();
    app.use((_req, res, next) => {
      res.locals["nonce"] = randomBytes(8).toString("hex");
      next();
    });
    const scriptSrc = ["'self'", (_req: unknown, res: object) => `'nonce-${nonceOf(res)}'`];
    app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc } } }));
    app.get("/", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => {
      res.send(`<script nonce="${nonceOf(res)}">1</script>`);
    });
    const client = await visit(app);

    const answers = [await client.ask({ path: "/" }), await client.ask({ path: "/" })];

    for (const answer of answers) {
      const [, said] = /'nonce-(\w+)'/.exec(answer.header("content-security-policy") ?? "") ?? [];
      expect(answer.text).toBe(`<script nonce="${said ?? "none"}">1</script>`);
    }
    expect(answers.map((answer) => answer.header("x-cache"))).toEqual(["MISS", "MISS"]);
    expect(answers[1]?.header("cache-status")).toContain("nonce");
  });
});

function nonceOf(res: object): string {
  return String((res as { locals: Record<string, unknown> }).locals["nonce"]);
}
