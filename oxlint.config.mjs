// The linter's rules. The import arrows (design: CONTRIBUTING.md) are the table below: each row names what the
// files of a folder may import, and everything else is refused. scripts/check-arrows.mjs breaks every row and
// sees it refused.

// Patterns are those of .gitignore. (The linter also accepts regular expressions here, and then silently never
// matches a negative look-ahead.)
/** The rooms that one run of a handler passes through. */
const OF_A_RUN = ["request", "lookup", "freshness", "invalidation", "flight", "storing", "reply"];

/** The rooms of core, in the order of a request, from below: each sees http/, itself and, of the other rooms, these. */
export const rooms = {
  contract: [],
  policy: ["contract"],
  request: ["contract"],
  lookup: ["contract"],
  freshness: ["contract"],
  invalidation: ["contract"],
  flight: ["contract"],
  storing: ["contract", "flight"],
  reply: ["contract", "freshness"],
  fill: ["contract", ...OF_A_RUN],
  exchange: ["contract", ...OF_A_RUN, "fill"],
  explain: ["contract", ...OF_A_RUN, "fill", "exchange"],
};

/** Each adapter: the packages it bridges to, and the shared folders it may use. */
const adapters = {
  fastify: { packages: ["fastify", "node:*", "node:*/**"], shared: ["node", "web"] },
  express: {
    packages: ["express", "express-serve-static-core", "node:*", "node:*/**"],
    shared: ["node", "web"],
  },
  // A map that a process has once is not Node's own.
  hono: { packages: ["hono", "hono/*", "**/node/process-wide.ts"], shared: ["web"] },
  koa: { packages: ["koa", "node:*", "node:*/**"], shared: ["node"] },
  h3: { packages: ["h3", "**/node/process-wide.ts"], shared: ["web"] },
  // Nest runs on Express or on Fastify, and stands on what bridges to them.
  nestjs: {
    packages: [
      "@nestjs/common",
      "@nestjs/core",
      "@nestjs/core/**",
      "rxjs",
      "express",
      "fastify",
      "node:*",
      "node:*/**",
      // It makes a cache where it is given the options of one.
      "../index.ts",
    ],
    shared: ["node", "express", "fastify"],
  },
  fetch: { packages: [], shared: ["web"] },
};

const anAdapter = "an adapter sees ../adapter.ts and its framework, never another adapter";

const aNodeStore = "a store whose clients need Node sees Buffers and digests besides, and no client";

/** What files may import, what of that as types only, and why; a later row wins over an earlier one. */
const arrows = [
  {
    files: "src/*.ts",
    may: ["./create-cache.ts", "./core/**", "./stores/**", "./http/**"],
    why: "a root entry re-exports core, stores and http",
  },
  {
    files: "src/create-cache.ts",
    may: ["./core/**", "./invalidate.ts", "./platform.ts", "./stores/memory.ts", "./stores/memory/**"],
    why: "it wires core, the platform and the memory store",
  },
  {
    files: "src/invalidate.ts",
    may: ["./core/**"],
    why: "it wires the rooms of core for what a cache invalidates",
  },
  {
    files: "src/platform.ts",
    may: ["./core/contract/**", "./sha256.ts"],
    typesOnly: ["node:crypto"],
    why: "it gives core's contracts what the runtime has",
  },
  { files: "src/http/**", may: ["./**"], why: "src/http imports nothing outside src/http" },
  ...Object.entries(rooms).map(([room, others]) => ({
    files: `src/core/${room}/**`,
    may: ["../../http/**", "./**", ...others.map((other) => `../${other}/**`)],
    why: `core/${room} sees ${["http", ...others].join(", ")}`,
  })),
  {
    files: "src/stores/*",
    may: ["./**", "../core/contract/store.ts", "../core/contract/errors.ts", "../core/contract/options.ts"],
    why: "a store sees the store contract, errors and how options are checked",
  },
  {
    files: "src/stores/*/**",
    may: [
      "./**",
      "../../core/contract/store.ts",
      "../../core/contract/errors.ts",
      "../../core/contract/options.ts",
    ],
    why: "a store sees the store contract, errors and how options are checked",
  },
  {
    files: "src/stores/redis.ts",
    may: [
      "./redis/**",
      "../core/contract/store.ts",
      "../core/contract/errors.ts",
      "../core/contract/options.ts",
      "node:buffer",
    ],
    why: aNodeStore,
  },
  {
    files: "src/stores/redis/**",
    may: [
      "./**",
      "../../core/contract/store.ts",
      "../../core/contract/errors.ts",
      "node:buffer",
      "node:crypto",
    ],
    why: aNodeStore,
  },
  {
    files: "src/adapters/node/**",
    may: ["./**", "../../adapter.ts", "node:*", "node:*/**"],
    why: "shared by Node adapters, knows none of them",
  },
  {
    files: "src/adapters/web/**",
    may: ["./**", "../../adapter.ts"],
    why: "shared by web adapters; loads without Node",
  },
  {
    files: "src/adapter/node.ts",
    may: ["../adapters/node/**"],
    why: "the published seam re-exports what adapters share",
  },
  {
    files: "src/adapter/web.ts",
    may: ["../adapters/web/**"],
    why: "the published seam re-exports what adapters share",
  },
  ...Object.entries(adapters).flatMap(([name, { packages, shared }]) => [
    {
      files: `src/adapters/${name}.ts`,
      may: ["../adapter.ts", `./${name}/**`, ...shared.map((folder) => `./${folder}/**`), ...packages],
      why: anAdapter,
    },
    {
      files: `src/adapters/${name}/**`,
      may: ["../../adapter.ts", "./**", ...shared.map((folder) => `../${folder}/**`), ...packages],
      why: anAdapter,
    },
  ]),
  {
    files: "src/testing/*",
    may: ["./**", "../index.ts", "../adapter.ts", "node:*", "node:*/**"],
    why: "the kit uses what a stranger's tests could",
  },
  {
    files: "src/testing/*/**",
    may: ["./**", "../*.ts", "../../index.ts", "../../adapter.ts", "node:*", "node:*/**"],
    why: "the kit uses what a stranger's tests could",
  },
];

function arrow({ files, may, typesOnly = [], why: message }) {
  const except = [...may, ...typesOnly].map((pattern) => `!${pattern}`);
  const paths = typesOnly.map((name) => ({ name, allowTypeImports: true, message }));
  const patterns = [{ group: ["**", ...except], message }];
  return { files: [files], rules: { "no-restricted-imports": ["error", { paths, patterns }] } };
}

/** What loads in runtimes without Node; platform.ts alone asks, and carefully, whether Node is there. */
const portable = [
  "src/*.ts",
  "src/http/**",
  "src/core/**",
  "src/stores/**",
  "src/adapters/fetch.ts",
  "src/adapters/fetch/**",
  "src/adapters/hono.ts",
  "src/adapters/hono/**",
  "src/adapters/h3.ts",
  "src/adapters/h3/**",
  "src/adapters/web/**",
  "src/adapter/web.ts",
];

export default {
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise"],
  jsPlugins: ["./scripts/lib/lint-rules.mjs"],
  // The last is checked where its packages are.
  ignorePatterns: ["dist", "build", "coverage", "test/fixtures/frameworks"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    eqeqeq: "error",
    "no-console": "error",
    "no-param-reassign": ["error", { props: false }],
    "no-var": "error",
    "prefer-const": "error",
    "no-warning-comments": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-misused-promises": ["error", { checksVoidReturn: false }],
    "typescript/no-non-null-assertion": "error",
    "typescript/only-throw-error": "error",
    "typescript/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
    "typescript/return-await": ["error", "in-try-catch"],
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/no-extraneous-class": ["error", { allowWithDecorator: true }],
    "unicorn/prefer-node-protocol": "error",
    "import/no-cycle": ["error", { ignoreTypes: false }],

    // Off, because each refuses what this code does on purpose:
    "no-underscore-dangle": "off", // names that the platform chose
    "no-shadow": "off", // a parameter may be called what the outer value is called
    "typescript/no-unsafe-type-assertion": "off", // adapters narrow what a framework types as unknown
    "typescript/consistent-return": "off", // the compiler's noImplicitReturns says it better
    "typescript/unbound-method": "off", // taps keep and re-bind the methods of a response
    "unicorn/consistent-function-scoping": "off", // a helper stands where it is used
    "import/no-unassigned-import": "off", // type augmentations
    "promise/always-return": "off", // chains that end in an effect
    "oxc/no-async-endpoint-handlers": "off", // Express 5 awaits its handlers
  },
  overrides: [
    {
      files: ["src/**"],
      rules: {
        "max-lines": ["error", { max: 350 }],
        "import/no-default-export": "error",
        "project/no-export-star": "error",
        "project/no-inline-import": "error",
      },
    },
    ...arrows.map(arrow),
    {
      files: portable,
      excludeFiles: ["src/platform.ts"],
      rules: {
        "no-restricted-globals": [
          "error",
          "process",
          "Buffer",
          "require",
          "global",
          "setImmediate",
          "clearImmediate",
        ],
      },
    },
    {
      files: ["test/**"],
      plugins: ["vitest"],
      rules: {
        "max-lines": ["error", { max: 400 }],
        "vitest/no-focused-tests": "error",
        "vitest/no-disabled-tests": "error",
        "typescript/no-non-null-assertion": "off",
      },
    },
    // The console is a part of the platform: what warns by default stands here and nowhere else.
    { files: ["src/platform.ts"], rules: { "no-console": "off" } },
    // Programs talk to a terminal.
    { files: ["scripts/**", "examples/**", "benchmarks/**"], rules: { "no-console": "off" } },
  ],
};
