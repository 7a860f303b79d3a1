import { randomBytes } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { Answer } from "./client.ts";
import { askTwice, quietCache, versions, visit } from "./support.ts";

type Protect = (res: Response, policy: string) => void;

const ways: readonly (readonly [string, Protect])[] = [
  ["before the look-up", (res, policy) => void res.setHeader("content-security-policy", policy)],
  [
    "as the head goes out",
    (res, policy) => {
      const { writeHead } = res;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        res.setHeader("content-security-policy", policy);
        return Reflect.apply(writeHead, res, args);
      }) as typeof writeHead;
    },
  ],
  [
    "for a report, as the head goes out",
    (res, policy) => {
      const { writeHead } = res;
      res.writeHead = ((status: number) =>
        writeHead.call(res, status, {
          "Content-Security-Policy-Report-Only": policy,
        })) as typeof writeHead;
    },
  ],
];

const nonceOf = (res: Response): string => String(res.locals["nonce"]);

const pages: readonly (readonly [string, (req: Request, res: Response) => void])[] = [
  ["whole", (_req, res) => void res.send(`<b nonce="${nonceOf(res)}">`)],
  [
    "in parts",
    (_req, res) => {
      res.write("<b non");
      res.end(`ce="${nonceOf(res)}">`);
    },
  ],
];

const saidIn = ({ header }: Answer): string | undefined =>
  /'nonce-([^']+)'/.exec(
    header("content-security-policy") ?? header("content-security-policy-report-only") ?? "",
  )?.[1];
const writtenIn = ({ text }: Answer): string | undefined => /nonce="([^"]+)"/.exec(text)?.[1];

describe.each(versions)("%s: a policy with a nonce", (_version, express) => {
  it.each(ways.flatMap(([way, protect]) => pages.map(([form, page]) => [way, form, protect, page] as const)))(
    "that is said %s agrees with the page on each answer, sent %s",
    async (_way, _form, protect, page) => {
      const cache = quietCache();
      const guard: RequestHandler = (_req, res, next) => {
        const nonce = (res.locals["nonce"] = randomBytes(16).toString("base64"));
        protect(res, `script-src 'nonce-${nonce}'`);
        next();
      };
      const app = express();
      app.use(guard);
      app.get("/a", cacheRoute(cache, { ttl: 60 }), page);
      const answers = await askTwice(await visit(app));

      expect(answers.map(saidIn)).toEqual(answers.map(writtenIn));
      expect(new Set(answers.map(saidIn)).size).toBe(2);
      expect(cache.stats()).toMatchObject({ stored: 0, refusals: { nonce: 2 } });
    },
  );
});
