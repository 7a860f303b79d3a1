// How the simulation is built and run: test/simulation and the sources, compiled into build/simulation.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { buildDir, fail, filesBelow, must, root } from "./project.mjs";

const built = join(buildDir, "simulation");

/** So many seeds go to a thread at a time. */
const SHARE = 250;

/** A seed that takes longer is one that never ends. */
const MOST_SECONDS_PER_SEED = 20;

/** Compiles the simulation where a source is newer than what is there; answers where it is. */
export async function buildSimulation() {
  const stamp = join(built, "stamp");
  const changed = Math.max(
    ...["src", "test/simulation"]
      .flatMap((folder) => filesBelow(join(root, folder)))
      .map((file) => statSync(file).mtimeMs),
    statSync(join(root, "tsconfig.base.json")).mtimeMs,
  );
  const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  if (builtAt >= changed) return built;
  const startedAt = new Date();
  rmSync(built, { recursive: true, force: true });
  await must("npx", ["tsc", "-p", "test/simulation/tsconfig.json"]);
  writeFileSync(stamp, "");
  utimesSync(stamp, startedAt, startedAt);
  return built;
}

/** Puts one defence out of a copy of what was built; answers where that is. Ends the script where its text is not there. */
export function plant({ name, file, find, replace }) {
  const copy = join(buildDir, "planted", name);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  cpSync(built, copy, { recursive: true, filter: (path) => !path.endsWith(".map") });
  const path = join(copy, "src", file);
  const text = readFileSync(path, "utf8");
  const count = text.split(find).length - 1;
  if (count !== 1)
    fail(`planted bug "${name}": its text stands ${count} times in ${file}, and once is right:\n${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return copy;
}

/** Loads a module of the simulation. */
export const load = (folder, module) => import(pathToFileURL(join(folder, "test/simulation", module)).href);

/**
 * Plays seeds on all cores, from the first on, until one violates something, `count` are played or the time is over.
 * Answers how many were played, in how many seconds, and the violation.
 */
export function playSeeds(
  folder,
  { kind, from, count = Infinity, seconds = Infinity, onProgress = () => undefined },
) {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  return new Promise((resolve, reject) => {
    let next = from;
    let played = 0;
    let violation;
    const threads = Array.from({ length: Math.max(2, availableParallelism()) }, () =>
      startThread(folder, kind),
    );
    const progress = setInterval(() => onProgress(played, elapsed()), 1000);
    const finish = (settle) => {
      clearInterval(progress);
      for (const { worker, watch } of threads) {
        clearInterval(watch);
        void worker.terminate();
      }
      settle();
    };
    const done = () => finish(() => resolve({ played, seconds: elapsed(), violation }));
    let busy = 0;
    const give = (thread) => {
      const left = from + count - next;
      if (left > 0 && elapsed() < seconds && violation === undefined) {
        const share = { from: next, count: Math.min(SHARE, left) };
        next += share.count;
        busy += 1;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        thread.worker.postMessage(share);
      } else if (busy === 0) done();
    };
    for (const thread of threads) {
      thread.worker.on("message", (report) => {
        busy -= 1;
        played += report.violation === undefined ? report.count : report.violation.seed - report.from + 1;
        // Of two threads that find something, the smaller seed is told.
        if (report.violation !== undefined && !(violation?.seed < report.violation.seed))
          violation = report.violation;
        give(thread);
      });
      thread.worker.on("error", (error) => finish(() => reject(error)));
      thread.watch = watch(thread.at, (seed) => {
        const message = `it has not ended after ${MOST_SECONDS_PER_SEED} seconds of real time`;
        violation ??= { seed, property: "every request ends, and nothing is left behind", message };
        done();
      });
      give(thread);
    }
  });
}

function startThread(folder, kind) {
  const shared = new SharedArrayBuffer(8);
  const worker = new Worker(join(folder, "test/simulation/worker.js"), {
    workerData: { shared, kind },
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  return { worker, at: new Float64Array(shared), watch: undefined };
}

/** Sees whether a thread gets on. */
function watch(at, onStuck) {
  let last = -1;
  let still = 0;
  return setInterval(() => {
    still = at[0] === last ? still + 1 : 0;
    last = at[0];
    if (still >= MOST_SECONDS_PER_SEED) onStuck(last);
  }, 1000);
}
