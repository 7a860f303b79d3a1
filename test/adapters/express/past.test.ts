import type { RequestHandler } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { createCache } from "../../../src/index.ts";
import { listen, versions } from "../harness/express.ts";

/** Gives handlers a method of its own, which writes a head as it could before the look-up. */
const keeps: RequestHandler = (_req, res, next) => {
  const begin = res.writeHead.bind(res);
  Object.assign(res, { begin });
  next();
};

describe.each(versions)(
  "a head that a handler sends by a method that was kept in front of the cache: %s",
  (_version, express) => {
    it.each(["end", "write"] as const)(
      "goes out as without a cache, before %s, and is not stored",
      async (how) => {
        const cache = createCache({ reporter: false });
        const app = express();
        app.use(keeps);
        let runs = 0;
        app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
          const { begin } = res as typeof res & { begin: typeof res.writeHead };
          begin(200, { "set-cookie": `sid=${++runs}` });
          if (how === "write") res.write(`for ${runs}`);
          res.end(how === "end" ? `for ${runs}` : undefined);
        });
        const server = await listen(app);
        onTestFinished(() => server.close());

        const answers = [await fetch(`${server.origin}/a`), await fetch(`${server.origin}/a`)];

        expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["for 1", "for 2"]);
        expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([["sid=1"], ["sid=2"]]);
        expect(cache.stats().stored).toBe(0);
      },
    );
  },
);
