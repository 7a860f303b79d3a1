import type { Express, Request, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { memoryStore } from "../../../src/index.ts";
import type { Cache, Store } from "../../../src/index.ts";
import type { Client } from "./client.ts";
import { quietCache, versions, visit } from "./support.ts";

const kept = { ttl: 60 };

/** Requests paths, each `PATH` or `FLAG PATH`, and returns the texts, those of hits with a mark. */
async function told(client: Client, ...asked: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const one of asked) {
    const [path = "", flag] = one.split(" ").toReversed();
    const { text, header } = await client.ask({
      path,
      headers: flag === undefined ? {} : { "x-flag": flag },
    });
    answers.push(header("x-cache") === "HIT" ? `${text}!` : text);
  }
  return answers;
}

const flagged =
  (flag: string, other: "route" | "router" = "route"): RequestHandler =>
  (req, _res, next) =>
    next(req.headers["x-flag"] === flag ? undefined : other);

const says =
  (text: string): RequestHandler =>
  (_req, res) =>
    void res.send(text);

describe.each(versions)("%s: two routes on one URL", (_version, express) => {
  it("share nothing if next('route') chooses", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/home", flagged("beta"), cacheRoute(cache, kept), says("beta"));
    app.get("/home", cacheRoute(cache, kept), says("stable"));

    const texts = await told(await visit(app), "beta /home", "/home", "beta /home", "/home");

    expect(texts).toEqual(["beta", "stable", "beta!", "stable!"]);
  });

  it("share nothing if they have one middleware", async () => {
    const cached = cacheRoute(quietCache(), kept);
    const app = express();
    app.get("/home", flagged("beta"), cached, says("beta"));
    app.get("/home", cached, says("stable"));

    const texts = await told(await visit(app), "beta /home", "/home", "beta /home", "/home");

    expect(texts).toEqual(["beta", "stable", "beta!", "stable!"]);
  });

  it.each([
    [
      "that one application has",
      (app: Express, beta: RequestHandler, stable: RequestHandler) => app.use(beta, stable),
    ],
    [
      "that a function of the application's calls",
      (app: Express, beta: RequestHandler, stable: RequestHandler) =>
        app.use((req, res, next) => (req.headers["x-flag"] === "beta" ? beta : stable)(req, res, next)),
    ],
  ])("share nothing in two routers %s, each behind the same middleware", async (_name, mount) => {
    const cached = cacheRoute(quietCache(), kept);
    const [beta, stable] = [express.Router(), express.Router()];
    beta.use(flagged("beta", "router"), cached).get("/home", says("beta"));
    stable.use(cached).get("/home", says("stable"));
    const app = express();
    mount(app, beta, stable);

    const texts = await told(await visit(app), "beta /home", "/home", "beta /home", "/home", "beta /home");

    expect([texts[0], texts[1], texts[3], texts[4]]).toEqual(["beta", "stable", "stable!", "beta!"]);
  });

  it("share nothing in two applications with one cache, and one middleware", async () => {
    const cached = cacheRoute(quietCache(), { ...kept, origin: "http://one.test" });
    const clients = await Promise.all(
      ["admin", "public"].map(async (text) => {
        const app = express();
        app.get("/status", cached, says(text));
        return visit(app);
      }),
    );

    const texts = [...clients, ...clients].map((client) => told(client, "/status"));

    expect((await Promise.all(texts)).flat().map((text) => text.replace("!", ""))).toEqual([
      "admin",
      "public",
      "admin",
      "public",
    ]);
  });

  it("share nothing if a function of the application chooses the middleware", async () => {
    const cache = quietCache();
    const [one, other] = [cacheRoute(cache, kept), cacheRoute(cache, kept)];
    const app = express();
    app.get(
      "/home",
      (req, res, next) => (req.headers["x-flag"] === "beta" ? one : other)(req, res, next),
      (req, res) => void res.send(String(req.headers["x-flag"])),
    );

    const texts = await told(await visit(app), "beta /home", "/home", "beta /home", "/home");

    expect(texts).toEqual(["beta", "undefined", "beta!", "undefined!"]);
  });

  it("are one for GET and HEAD, whichever comes first", async () => {
    const app = express();
    app.all("/home", cacheRoute(quietCache(), kept), says("home"));
    const client = await visit(app);

    await client.ask({ path: "/home", method: "HEAD" });

    expect(await told(client, "/home", "/home")).toEqual(["home", "home!"]);
    expect((await client.ask({ path: "/home", method: "HEAD" })).header("x-cache")).toBe("HIT");
  });

  it("are counted once by explain where they are middleware, however often they are asked", async () => {
    const cache = quietCache();
    const app = express();
    app.use("/a", cacheRoute(cache, kept), says("a"));
    app.use("/b", cacheRoute(cache, kept), says("b"));
    await told(await visit(app), "/a", "/b", "/a", "/b");

    await expect(cache.explain({ url: "/a" })).rejects.toThrow("2 routes are called");
  });

  it("are distinguished by explain", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/home", flagged("beta"), cacheRoute(cache, kept), says("beta"));
    app.get("/home", cacheRoute(cache, kept), says("stable"));
    const client = await visit(app);
    await told(client, "/home", "beta /home");

    await expect(cache.explain({ url: "/home" })).rejects.toThrow("GET /home (2) | GET /home");
    const { outcome, key } = await cache.explain({ url: "/home" }, { route: "GET /home (2)" });
    expect([outcome, key?.route]).toEqual(["hit", "GET /home (2)"]);
  });
});

describe.each(versions)("%s: the name of a route", (_version, express) => {
  /** An application of many routes on one URL each, on a store that another one may know, mounted in this order. */
  function site(store: Store, routers: readonly ("a" | "b" | ":any")[], own = ""): Express {
    const cache = quietCache({ store });
    const app = express();
    const all = { ...kept, origin: "http://one.test" };
    for (const mount of routers) {
      const router = express.Router();
      router.get("/x", flagged("beta"), cacheRoute(cache, all), says(`${own}${mount} beta`));
      router.get("/x", cacheRoute(cache, all), says(`${own}${mount} stable`));
      router.get(/^\/[yz]$/, cacheRoute(cache, all), says(`${own}${mount} y`));
      router.use(cacheRoute(cache, all), says(`${own}${mount} rest`));
      app.use(`/${mount}`, router);
    }
    return app;
  }

  const paths = ["/a/x", "beta /a/x", "/b/x", "/c/x", "beta /c/x", "/b/y", "/c/z", "/b/else", "/c/else"];

  it("is the same in another process, whatever is loaded or requested first", async () => {
    const store = memoryStore();
    const here = await told(await visit(site(store, ["a", "b", ":any"])), ...paths);
    const there = await told(await visit(site(store, ["b", "a", ":any"], "other ")), ...paths.toReversed());

    expect(there.toReversed()).toEqual(here.map((text) => `${text}!`));
  });

  it("is the option of the route, which wins over its place", async () => {
    const store = memoryStore();
    function named(names: readonly string[], own: string): Promise<Client> {
      const cache = quietCache({ store });
      const app = express();
      for (const route of names) {
        const options = { ...kept, route, origin: "http://one.test" };
        app.get("/home", flagged(route), cacheRoute(cache, options), says(`${own} ${route}`));
      }
      return visit(app);
    }
    await told(await named(["a", "b"], "here"), "a /home", "b /home");

    const texts = await told(await named(["b", "a"], "there"), "b /home", "a /home");

    expect(texts).toEqual(["here b!", "here a!"]);
  });

  it("is not shared by the places of one middleware that has a name", async () => {
    const store = memoryStore();
    function named(own: string): Promise<Client> {
      const cached = cacheRoute(quietCache({ store }), { ...kept, route: "home", origin: "http://one.test" });
      const app = express();
      app.get("/home", flagged("beta"), cached, says(`${own} beta`));
      app.get("/home", cached, says(`${own} stable`));
      return visit(app);
    }
    await told(await named("here"), "beta /home", "/home");

    expect(await told(await named("there"), "/home", "beta /home")).toEqual(["here stable!", "here beta!"]);
  });
});

describe.each(versions)("%s: a URL that middleware rewrites", (_version, express) => {
  const toLanguage: RequestHandler = (req, _res, next) => {
    req.url = `/${String(req.headers["x-flag"])}${req.url}`;
    next();
  };

  function site(cache: Cache, cached: RequestHandler): Express {
    const router = express.Router();
    router.use(toLanguage);
    router.get("/:lang/hello", cached, (req: Request, res) => void res.send(req.params["lang"]));
    const app = express();
    app.post("/shop/hello", cacheRoute(cache, { invalidateOnUnsafe: true }), says("done"));
    return app.use("/shop", router);
  }

  it("is in the key as received and as rewritten", async () => {
    const cache = quietCache();
    const client = await visit(site(cache, cacheRoute(cache, kept)));

    const texts = await told(client, "de /shop/hello", "en /shop/hello", "de /shop/hello", "en /shop/hello");

    expect(texts).toEqual(["de", "en", "de!", "en!"]);
  });

  it("is invalidated as a whole by a write to the one that was received", async () => {
    const cache = quietCache();
    const client = await visit(site(cache, cacheRoute(cache, { ...kept, invalidateOnUnsafe: true })));
    await told(client, "de /shop/hello", "en /shop/hello");
    await client.ask({ path: "/shop/hello", method: "POST" });

    expect(await told(client, "de /shop/hello", "en /shop/hello")).toEqual(["de", "en"]);
  });

  it.each(["/shop", "/shop/", "/shop?page=1", "/shop/?page=1"])(
    "is not %s below a mount path",
    async (path) => {
      const cache = quietCache();
      const router = express.Router();
      router.get("/", cacheRoute(cache, kept), says("shop"));
      const app = express();
      app.use("/shop", router);
      await told(await visit(app), path);

      const { outcome, key } = await cache.explain({ url: path }, { route: "GET /shop/" });

      expect([outcome, key?.rewritten]).toEqual(["hit", undefined]);
    },
  );
});
