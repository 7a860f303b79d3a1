import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { site } from "./support.ts";
import type { Answer } from "./support.ts";

const nonces = new WeakMap<FastifyRequest, string>();
const nonceOf = (request: FastifyRequest): string => nonces.get(request) ?? "";
const policyOf = (request: FastifyRequest): string => `script-src 'nonce-${nonceOf(request)}'`;

/** Gives each request a nonce, and says it in a policy in this hook. */
function protect(app: FastifyInstance, hook: "onRequest" | "onSend"): void {
  app.addHook("onRequest", async (request) => void nonces.set(request, randomBytes(16).toString("base64")));
  const say = async (request: FastifyRequest, reply: { header(name: string, value: string): unknown }) =>
    void reply.header("content-security-policy", policyOf(request));
  if (hook === "onRequest") app.addHook("onRequest", say);
  else app.addHook("onSend", say);
}

const saidIn = ({ headers }: Answer): string | undefined =>
  /'nonce-([^']+)'/.exec(headers.get("content-security-policy") ?? "")?.[1];
const writtenIn = ({ body }: Answer): string | undefined => /nonce="([^"]+)"/.exec(body)?.[1];

describe.each(["onRequest", "onSend"] as const)("a policy with a nonce that an %s hook says", (hook) => {
  it("agrees with the page on each answer", async () => {
    const { app, register, ask } = site();
    await register();
    protect(app, hook);
    app.get("/a", { cache: { ttl: 60 } }, async (request) => `<b nonce="${nonceOf(request)}">`);

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map(writtenIn)).toEqual(answers.map(saidIn));
    expect(new Set(answers.map(saidIn)).size).toBe(2);
  });

  it("agrees with a page that streams on each answer", async () => {
    const { app, register, ask } = site();
    await register();
    protect(app, hook);
    app.get("/a", { cache: { ttl: 60 } }, async (request, reply) =>
      reply.type("text/html").send(Readable.from(["<b non", `ce="${nonceOf(request)}">`])),
    );

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map(writtenIn)).toEqual(answers.map(saidIn));
  });

  it("does not keep content from being stored that has no nonce", async () => {
    const { app, register, ask } = site();
    await register();
    protect(app, hook);
    app.get("/a", { cache: { ttl: 60 } }, async () => ({ a: 1 }));

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map(({ cache }) => cache)).toEqual(["MISS", "HIT"]);
    expect(answers.map(saidIn)).not.toContain(undefined);
  });
});
