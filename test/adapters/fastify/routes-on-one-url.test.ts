import Fastify from "fastify";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";

const kept = { cache: { ttl: 60 } };

async function appOf(
  declare: (app: FastifyInstance) => void,
  options: CacheOptions & { readonly cache?: Cache; readonly server?: FastifyServerOptions } = {},
): Promise<FastifyInstance> {
  const { cache, server, ...rest } = options;
  const app = Fastify(server);
  onTestFinished(() => app.close());
  await app.register(cacheRoute, { cache: cache ?? createCache({ reporter: false, ...rest }) });
  declare(app);
  return app;
}

interface Told {
  readonly text: string;
  readonly vary: unknown;
}

/** Asks with these fields, one request after the other; the texts of hits have a mark. */
async function told(
  app: FastifyInstance,
  url: string,
  ...asked: readonly Readonly<Record<string, string>>[]
): Promise<readonly Told[]> {
  const answers: Told[] = [];
  for (const headers of asked) {
    const { body, headers: fields } = await app.inject({ url, headers });
    answers.push({ text: fields["x-cache"] === "HIT" ? `${body}!` : body, vary: fields["vary"] });
  }
  return answers;
}

const texts = (answers: readonly Told[]): readonly string[] => answers.map(({ text }) => text);

/** Versions of one route, and one without. */
function versioned(...versions: readonly (string | undefined)[]): (app: FastifyInstance) => void {
  return (app) => {
    for (const version of versions) {
      const constraints = version === undefined ? {} : { constraints: { version } };
      app.get("/v", { ...kept, ...constraints }, async () => `version ${version}`);
    }
  };
}

describe("Fastify: two routes on one URL", () => {
  it("share nothing where the version chooses, and say so", async () => {
    const app = await appOf(versioned("1.0.0", "2.0.0", undefined));
    const asked = [{ "accept-version": "1.x" }, { "accept-version": "2.0.0" }, {}];

    const answers = await told(app, "/v", ...asked, ...asked);

    expect(texts(answers)).toEqual([
      "version 1.0.0",
      "version 2.0.0",
      "version undefined",
      "version 1.0.0!",
      "version 2.0.0!",
      "version undefined!",
    ]);
    expect(new Set(answers.map(({ vary }) => vary))).toEqual(new Set(["accept-version"]));
  });

  it("say the version where they were declared before the versioned one", async () => {
    const app = await appOf((one) => {
      versioned(undefined)(one);
      one.get("/v", { constraints: { version: "1.0.0" } }, async () => "not cached");
      one.get("/w", kept, async () => "alone");
    });

    expect((await told(app, "/v", {}))[0]?.vary).toBe("accept-version");
    expect((await told(app, "/w", {}))[0]?.vary).toBeUndefined();
  });

  it("share nothing where the host chooses, though the origin is fixed", async () => {
    const app = await appOf((one) => {
      const cached = { cache: { ttl: 60, origin: "http://one.test" } };
      one.get("/h", { ...cached, constraints: { host: "a.test" } }, async () => "a");
      one.get("/h", { ...cached, constraints: { host: /^b/ } }, async () => "b");
      one.get("/h", cached, async () => "any");
    });
    const asked = ["a.test", "b.test", "c.test", "a.test", "bb.test", "d.test"].map((host) => ({ host }));

    const answers = await told(app, "/h", ...asked);

    expect(texts(answers)).toEqual(["a", "b", "any", "a!", "b!", "any!"]);
    expect(answers[0]?.vary).toBeUndefined();
  });

  it.each([
    ["that it was made with", true],
    ["that it was given later", false],
  ])(
    "share nothing where a strategy of the application's chooses, %s, and say the field",
    async (_, isFirst) => {
      const strategy = {
        name: "tenant",
        storage: () => {
          const handlers = new Map<unknown, unknown>();
          return {
            get: (value: unknown) => (handlers.get(value) ?? null) as never,
            set: (value: unknown, handler: unknown) => void handlers.set(value, handler),
          };
        },
        deriveConstraint: (request: { headers: Record<string, unknown> }) =>
          String(request.headers["x-tenant"]).toLowerCase(),
      };
      const server = (
        isFirst ? { routerOptions: { constraints: { tenant: strategy } } } : {}
      ) as FastifyServerOptions;
      const app = await appOf(
        (one) => {
          if (!isFirst) one.addConstraintStrategy(strategy as never);
          for (const tenant of ["a", "b"])
            one.get("/t", { ...kept, constraints: { tenant } }, async () => tenant);
        },
        { server },
      );
      const asked = [{ "x-tenant": "a" }, { "x-tenant": "B" }, { "x-tenant": "a" }, { "x-tenant": "B" }];

      const answers = await told(app, "/t", ...asked);

      expect(texts(answers)).toEqual(["a", "b", "a!", "b!"]);
      expect(answers[0]?.vary).toBe("x-tenant");
    },
  );

  it("share nothing in two applications with one cache and one object of options", async () => {
    const cache = createCache({ reporter: false });
    const [admin, open] = await Promise.all(
      ["admin", "public"].map((text) =>
        appOf((app) => void app.get("/status", kept, async () => text), { cache }),
      ),
    );

    const answers = [];
    for (const app of [admin, open, admin, open])
      answers.push(...(await told(app as FastifyInstance, "/status", {})));

    expect(texts(answers)).toEqual(["admin", "public", "admin!", "public!"]);
  });

  it("are one for GET and for the HEAD that Fastify adds", async () => {
    const app = await appOf((one) => void one.get("/a", kept, async () => "a"));
    await told(app, "/a", {});

    expect((await app.inject({ method: "HEAD", url: "/a" })).headers["x-cache"]).toBe("HIT");
  });

  it("are two where the application has a HEAD of its own", async () => {
    const app = await appOf((one) => {
      one.head("/a", { cache: { ttl: 60 } }, async (_, reply) => reply.header("x-mine", "1").send());
      one.get("/a", kept, async () => "a");
    });
    await told(app, "/a", {});

    const { headers } = await app.inject({ method: "HEAD", url: "/a" });

    expect([headers["x-cache"], headers["x-mine"]]).toEqual(["MISS", "1"]);
  });

  it("keep their names where the plugin is registered again further in", async () => {
    const store = memoryStore();
    const answers = [];
    for (const text of ["here", "there"]) {
      const cache = createCache({ reporter: false, store });
      const app = await appOf(
        (one) =>
          void one.register(async (inner) => {
            await inner.register(cacheRoute, { cache });
            inner.get("/a", kept, async () => text);
          }),
        { cache },
      );
      answers.push(...(await told(app, "/a", {})));
    }

    expect(texts(answers)).toEqual(["here", "here!"]);
  });
});

describe("Fastify: the name of a route", () => {
  it("is the same in another process, in whatever order plugins are loaded", async () => {
    const store = memoryStore();
    const site = (prefixes: readonly string[], own: string): Promise<FastifyInstance> =>
      appOf(
        (app) => {
          for (const prefix of prefixes) {
            app.register(async (inner) => void inner.get("/x", kept, async () => `${own}${prefix}`), {
              prefix,
            });
          }
          versioned(...(own === "" ? ["1.0.0", "2.0.0"] : ["2.0.0", "1.0.0"]))(app);
        },
        { store },
      );
    const here = await site(["/a", "/b"], "");
    await told(here, "/a/x", {});
    await told(here, "/b/x", {});
    await told(here, "/v", { "accept-version": "1.0.0" }, { "accept-version": "2.0.0" });

    const there = await site(["/b", "/a"], "other ");
    const answers = [
      ...(await told(there, "/b/x", {})),
      ...(await told(there, "/a/x", {})),
      ...(await told(there, "/v", { "accept-version": "2.0.0" }, { "accept-version": "1.0.0" })),
    ];

    expect(texts(answers)).toEqual(["/b!", "/a!", "version 2.0.0!", "version 1.0.0!"]);
  });

  it("is told by explain, with what chooses it", async () => {
    const cache = createCache({ reporter: false });
    const app = await appOf(versioned("1.0.0", "2.0.0"), { cache });
    await told(app, "/v", { "accept-version": "1.0.0" });

    const { outcome, key } = await cache.explain(
      { url: "http://localhost:80/v", headers: { "accept-version": "1.0.0" } },
      { route: 'GET /v {version: "1.0.0"}' },
    );

    expect([outcome, key?.route]).toEqual(["hit", 'GET /v {version: "1.0.0"}']);
  });
});

describe("Fastify: a URL that rewriteUrl rewrites", () => {
  const rewriteUrl = ({
    url = "/",
    headers,
  }: {
    readonly url?: string | undefined;
    readonly headers: object;
  }): string => (url.startsWith("/hello") ? `/${(headers as { "x-lang"?: string })["x-lang"]}${url}` : url);

  it("is in the key as received and as rewritten, and dies with the one that was received", async () => {
    const app = await appOf(
      (one) => {
        const cached = { cache: { ttl: 60, invalidateOnUnsafe: true } };
        one.get("/:lang/hello", cached, async (request) => (request.params as { lang: string }).lang);
        one.post("/:lang/hello", cached, async () => "done");
      },
      { server: { rewriteUrl } },
    );
    const asked = [{ "x-lang": "de" }, { "x-lang": "en" }];
    const before = await told(app, "/hello", ...asked, ...asked);
    await app.inject({ method: "POST", url: "/hello", headers: { "x-lang": "fr" } });

    expect([texts(before), texts(await told(app, "/hello", ...asked))]).toEqual([
      ["de", "en", "de!", "en!"],
      ["de", "en"],
    ]);
  });
});
