import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeSelecting } from "../../../src/http/vary.ts";
import { nameOf } from "../../support/kit.ts";

const text = fc.string({
  unit: fc.constantFrom("a", "b", "/", "?", "&", "=", "%", "|", "\n", "+", " ", "\u00E9"),
  maxLength: 4,
});
const word = fc.string({ unit: fc.constantFrom("a", "b", "%", "|", ":"), minLength: 1, maxLength: 3 });
const query = fc.array(fc.tuple(text, text), { maxLength: 3 });

const content = fc.oneof(
  fc.json({ maxDepth: 2 }).map((json): unknown => JSON.parse(json)),
  text,
  fc.uint8Array({ maxLength: 3 }),
);

interface Dependence {
  readonly method: string;
  readonly namespace: string;
  readonly custom: string | undefined;
  readonly principal: string | undefined;
  readonly authority: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly language: string | undefined;
  readonly tenant: string | undefined;
  readonly content: unknown;
}

const dependence: fc.Arbitrary<Dependence> = fc.record({
  method: fc.constantFrom("GET", "POST", "P|ST"),
  namespace: fc.oneof(fc.constant(""), word),
  custom: fc.option(
    fc.string({ unit: fc.constantFrom("a", "|", "%", "\n", "u", "k"), minLength: 1, maxLength: 4 }),
    { nil: undefined },
  ),
  principal: fc.option(word, { nil: undefined }),
  authority: text,
  path: fc.string({ unit: fc.constantFrom("a", "/", "%", "|", "&", "="), maxLength: 3 }),
  query,
  language: fc.option(text, { nil: undefined }),
  tenant: fc.option(text, { nil: undefined }),
  content,
});

function named(
  one: Dependence,
  shown: readonly (readonly [string, string])[] = one.query,
): string | undefined {
  const headers = Object.fromEntries(
    Object.entries({ "accept-language": one.language, "x-tenant": one.tenant }).filter(
      (header): header is [string, string] => header[1] !== undefined,
    ),
  );
  const search = shown
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
  return nameOf(
    {
      route: {
        namespace: one.namespace,
        vary: ["accept-language", "x-tenant"],
        methods: ["GET", "POST", "P|ST"],
        scope: one.principal === undefined ? "everyone" : () => one.principal!,
        ...(one.custom === undefined ? {} : { key: () => one.custom! }),
      },
    },
    {
      method: one.method,
      origin: `http://${one.authority}`,
      target: `/${one.path}?${search}`,
      headers,
      content: one.content,
    },
  );
}

/** All that a response may depend on, in a form that equals only where it is the same. */
function meant(one: Dependence): string {
  // Two spellings of one list are one language.
  const language = one.language && normalizeSelecting("accept-language", one.language);
  const who = [one.method, one.namespace, one.principal ?? null, language ?? null, one.tenant ?? null];
  if (one.custom !== undefined) return JSON.stringify([...who, "k", one.custom]);
  const sorted = one.query.toSorted(([a], [b]) =>
    encodeURIComponent(a) < encodeURIComponent(b) ? -1 : Number(a !== b),
  );
  const body =
    one.content instanceof Uint8Array ? ["bytes", ...one.content] : ["value", spelled(one.content)];
  return JSON.stringify([...who, "u", one.authority, one.path, sorted, one.method === "GET" ? "" : body]);
}

function spelled(value: unknown): unknown {
  return Object.is(value, -0) ? "-0" : value;
}

describe("the keys of two requests", () => {
  it("differ where anything differs that a response may depend on", () => {
    fc.assert(
      fc.property(dependence, dependence, (one, other) => {
        expect(named(one) === named(other)).toBe(meant(one) === meant(other));
      }),
      { numRuns: 2000 },
    );
  });

  it("differ where one part alone differs", () => {
    fc.assert(
      fc.property(
        dependence,
        dependence,
        fc.constantFrom(
          ...(Object.keys({
            method: 0,
            namespace: 0,
            custom: 0,
            principal: 0,
            authority: 0,
            path: 0,
            query: 0,
            language: 0,
            tenant: 0,
            content: 0,
          }) as (keyof Dependence)[]),
        ),
        (one, other, part) => {
          const changed = { ...one, [part]: other[part] };

          expect(named(one) === named(changed)).toBe(meant(one) === meant(changed));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("are the same up to the order of parameters of different names", () => {
    const orders = fc.uniqueArray(text, { maxLength: 4 }).chain((names) => {
      const parameters = names.map((name) => [name, `${name}1`] as const);
      return fc.tuple(
        fc.constant(parameters),
        fc.shuffledSubarray(parameters, { minLength: parameters.length }),
      );
    });

    fc.assert(
      fc.property(dependence, orders, (one, [parameters, shuffled]) => {
        expect(named(one, shuffled)).toBe(named(one, parameters));
      }),
    );
  });
});
