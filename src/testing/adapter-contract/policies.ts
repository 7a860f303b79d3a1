import assert from "node:assert/strict";
import type { ContractResponse } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";
import { assertHit, assertMiss } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

/** The nonce of a content security policy matches its page in every response (hazard 37). */
export const policies: Scenarios = {
  "a page with the nonce of earlier middleware's policy is not stored": async (stage) => {
    let nonce = "";
    let run = 0;
    const earlier = (): Record<string, string> => {
      nonce = `r4nd0m${++run}`;
      return { "content-security-policy": `script-src 'nonce-${nonce}'` };
    };
    const page = (): ContractResponse => text(`<script nonce="${nonce}">`);
    const { get } = await stage.site([cached("/a", page, { ttl: 60 }, { earlier })]);
    const answers = [await get("/a"), await get("/a")];
    assertMiss(answers[0] as Answer, { detail: "nonce" });
    assert.deepEqual(
      answers.map((answer) => [answer.header("content-security-policy"), answer.text]),
      ["r4nd0m1", "r4nd0m2"].map((own) => [`script-src 'nonce-${own}'`, `<script nonce="${own}">`]),
    );
  },

  "a streamed page with the nonce of earlier middleware's policy is not stored": async (stage) => {
    let run = 0;
    const earlier = (): Record<string, string> => ({
      "content-security-policy": `script-src 'nonce-r4nd0m${++run}'`,
    });
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      const own = run;
      yield bytes("<script nonce=r4n");
      await new Promise(setImmediate);
      yield bytes(`d0m${own}>`);
    };
    const { get } = await stage.site([cached("/a", () => stream(parts), { ttl: 60 }, { earlier })]);
    const answers = [await get("/a"), await get("/a")];
    assert.deepEqual(
      answers.map((answer) => [answer.header("content-security-policy"), answer.text]),
      ["r4nd0m1", "r4nd0m2"].map((own) => [`script-src 'nonce-${own}'`, `<script nonce=${own}>`]),
    );
  },

  "content without the nonce of earlier middleware's policy is stored": async (stage) => {
    let run = 0;
    const earlier = (): Record<string, string> => ({
      "content-security-policy": `script-src 'nonce-r4nd0m${++run}'`,
    });
    const { get } = await stage.site([cached("/a", { body: { a: 1 } }, { ttl: 60 }, { earlier })]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.header("content-security-policy"), "script-src 'nonce-r4nd0m2'");
  },

  "a response with a nonce in the handler's own policy is not stored": async (stage) => {
    const page = (_: unknown, run: number): ContractResponse =>
      text(`<script nonce="r4nd0m${run}">`, {
        "content-security-policy": `script-src 'nonce-r4nd0m${run}'`,
      });
    const { get } = await stage.site([cached("/a", page)]);
    const answers = [await get("/a"), await get("/a")];
    for (const answer of answers) assertMiss(answer, { detail: "nonce" });
    assert.equal(answers[1]?.header("content-security-policy"), "script-src 'nonce-r4nd0m2'");
  },
};
