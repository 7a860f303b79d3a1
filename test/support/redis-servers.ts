import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A `redis-server` on a free port of 127.0.0.1, without anything on disk. */
export interface RedisServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Such as `redis://127.0.0.1:12345`. */
  readonly url: string;
  /** Returns what `redis-cli` prints for a command. */
  command(...words: readonly string[]): Promise<string>;
  /** Stops the process, as SIGSTOP does: connections stay open and nothing is sent. */
  freeze(): void;
  /** Ends a freeze. */
  thaw(): void;
  /** Ends the process at once, so that all data is lost. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, empty, on the same port. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** Several servers that belong together. */
export interface RedisServers {
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Servers with three sentinels. */
export interface RedisSentinels extends RedisServers {
  /** The name under which the sentinels know the primary. */
  readonly group: string;
  readonly sentinels: readonly RedisServer[];
}

const HOST = "127.0.0.1";
/** Below the ports that systems give to clients. A cluster's bus is 10,000 above. */
const [LOWEST_PORT, HIGHEST_PORT] = [10_000, 22_000];
const BUS_OFFSET = 10_000;
const SLOTS = 16_384;
const PACKAGES = {
  "redis-server": "redis-server",
  "redis-sentinel": "redis-sentinel",
  "redis-cli": "redis-tools",
};

type Binary = keyof typeof PACKAGES;

/** Starts one server. `options` are added to its command line. */
export async function startRedis(options: readonly string[] = []): Promise<RedisServer> {
  return started((port) => ["redis-server", ["--port", String(port), ...IN_MEMORY, ...options]], false);
}

/** Starts a cluster of three primaries, which are the first three servers, and a replica of each. */
export async function startRedisCluster(): Promise<RedisServers> {
  const options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000", ...REPLICATION];
  const servers = await all(6, async () =>
    started((port) => ["redis-server", ["--port", String(port), ...IN_MEMORY, ...options]], true),
  );
  await stoppedOnFailure(servers, joined(servers));
  return { servers, stop: async () => stopAll(servers) };
}

/** Resolves once the first three servers share all slots, and each has one of the others as its replica. */
async function joined(servers: readonly RedisServer[]): Promise<void> {
  const primaries = servers.slice(0, 3);
  await Promise.all(
    primaries.map(async (server, at) => {
      const [first, end] = [at, at + 1].map((part) => Math.ceil((part * SLOTS) / 3)) as [number, number];
      await server.command("CLUSTER", "ADDSLOTSRANGE", String(first), String(end - 1));
      // Two nodes with the same epoch would settle it by themselves, but later.
      await server.command("CLUSTER", "SET-CONFIG-EPOCH", String(at + 1));
    }),
  );
  const [introducer, ...others] = servers as [RedisServer, ...RedisServer[]];
  for (const { port } of others) await introducer.command("CLUSTER", "MEET", HOST, String(port));
  await until("all nodes know each other", async () => {
    const counts = await Promise.all(servers.map(async (server) => server.command("CLUSTER", "INFO")));
    return counts.every((info) => info.includes("cluster_known_nodes:6"));
  });
  await Promise.all(
    servers.slice(3).map(async (replica, at) => {
      const id = await (primaries[at] as RedisServer).command("CLUSTER", "MYID");
      await replica.command("CLUSTER", "REPLICATE", id);
    }),
  );
  await until("the cluster is up", async () => {
    const infos = await Promise.all(servers.map(async (server) => server.command("CLUSTER", "INFO")));
    const nodes = await Promise.all(servers.map(async (server) => server.command("CLUSTER", "NODES")));
    return (
      infos.every((info) => info.includes("cluster_state:ok") && info.includes("cluster_size:3")) &&
      nodes.every((list) => list.match(/slave .* connected/g)?.length === 3)
    );
  });
}

/** Starts a primary, which is the first server, a replica, and three sentinels that watch them. */
export async function startRedisSentinels(): Promise<RedisSentinels> {
  const group = "caching-route";
  const primary = await startRedis(REPLICATION);
  const replica = await startRedis(["--replicaof", `${HOST} ${primary.port}`, ...REPLICATION]);
  const sentinels = await all(3, async () =>
    started((port, folder) => {
      const file = join(folder, "sentinel.conf");
      const lines = [
        `port ${port}`,
        `bind ${HOST}`,
        `sentinel monitor ${group} ${HOST} ${primary.port} 2`,
        `sentinel down-after-milliseconds ${group} 1000`,
        `sentinel failover-timeout ${group} 5000`,
      ];
      writeFileSync(file, `${lines.join("\n")}\n`);
      return ["redis-sentinel", [file]];
    }, false),
  );
  const servers = [primary, replica];
  await stoppedOnFailure([...sentinels, ...servers], watched(replica, sentinels, group));
  return { group, servers, sentinels, stop: async () => stopAll([...sentinels, ...servers]) };
}

async function watched(
  replica: RedisServer,
  sentinels: readonly RedisServer[],
  group: string,
): Promise<void> {
  await until("the sentinels know the replica and each other", async () => {
    const known = await Promise.all(
      sentinels.map(async (sentinel) => sentinel.command("SENTINEL", "MASTER", group)),
    );
    return known.every((lines) => /num-slaves\n1\nnum-other-sentinels\n2\n/.test(lines));
  });
  await until("the replica is in step", async () =>
    (await replica.command("INFO", "replication")).includes("master_link_status:up"),
  );
}

const IN_MEMORY = ["--bind", HOST, "--save", "", "--appendonly", "no"];
const REPLICATION = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"];

type CommandLine = (port: number, folder: string) => readonly [Binary, readonly string[]];

/** Starts a process on a free port, and tries another port if somebody takes that one first. */
async function started(commandLine: CommandLine, hasBus: boolean): Promise<RedisServer> {
  for (;;) {
    const port = await freePort(hasBus);
    const server = new Server(port, commandLine);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      if (!/Address already in use/.test(String(error))) throw error;
    }
  }
}

class Server implements RedisServer {
  readonly host = HOST;
  readonly port: number;
  readonly url: string;
  readonly #commandLine: CommandLine;
  readonly #folder = mkdtempSync(join(tmpdir(), "caching-route-redis-"));
  #process: ChildProcess | undefined;
  #pid = 0;

  constructor(port: number, commandLine: CommandLine) {
    this.port = port;
    this.url = `redis://${HOST}:${port}`;
    this.#commandLine = commandLine;
  }

  async start(): Promise<void> {
    const [binary, options] = this.#commandLine(this.port, this.#folder);
    // The shell kills the server and removes the folder when its own input ends, so that nothing is left behind if the tests
    // are killed.
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        '"$@" </dev/null & echo "pid $!"; read -r keep; kill -9 $!; [ "$keep" ] || rm -rf "$PWD"',
        "sh",
        pathOf(binary),
        ...options,
      ],
      { cwd: this.#folder, stdio: ["pipe", "pipe", "inherit"] },
    );
    this.#process = child;
    let log = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        log += chunk.toString();
        this.#pid ||= Number(/^pid (\d+)$/m.exec(log)?.[1] ?? 0);
        if (/Ready to accept connections|\+monitor master/.test(log)) resolve();
        if (/Address already in use|Fatal|FATAL|# Failed/.test(log)) reject(new Error(`${binary}: ${log}`));
      });
      child.once("close", () => reject(new Error(`${binary} ended: ${log}`)));
    });
  }

  async command(...words: readonly string[]): Promise<string> {
    const run = promisify(execFile);
    const { stdout } = await run(pathOf("redis-cli"), ["-e", "-h", HOST, "-p", String(this.port), ...words]);
    return stdout.replaceAll("\r", "").replace(/\n$/, "");
  }

  freeze(): void {
    process.kill(this.#pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.#pid, "SIGCONT");
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    this.#pid = 0;
    const closed = once(child, "close");
    child.stdin?.end("keep\n");
    await closed;
  }

  async restart(): Promise<void> {
    await this.start();
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The Debian packages of servers that are not installed. */
export function missingPackages(): readonly string[] {
  return (Object.keys(PACKAGES) as Binary[]).flatMap((binary) =>
    foundOnPath(binary) === undefined ? PACKAGES[binary] : [],
  );
}

/**
 * Whether tests on real servers are skipped. They are counted then, and the end of the run says so. `.ci/run` installs the
 * servers, and fails if a test was skipped.
 */
export const areServersMissing: boolean = missingPackages().length > 0;

function foundOnPath(binary: Binary): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, binary)).find(isExecutable);
}

function pathOf(binary: Binary): string {
  const found = foundOnPath(binary);
  if (found !== undefined) return found;
  throw new Error(`${binary} is not on PATH: install the Debian package "${PACKAGES[binary]}"`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(hasBus: boolean): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    const needed = hasBus ? [port, port + BUS_OFFSET] : [port];
    const free = await Promise.all(needed.map(isFree));
    if (free.every(Boolean)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

/** Starts several at once. If one fails, the others are stopped. */
async function all(count: number, start: () => Promise<RedisServer>): Promise<readonly RedisServer[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, start));
  const servers = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return servers;
  await stopAll(servers);
  throw failed.reason;
}

/** Waits for a set-up. If it fails, no server is left behind. */
async function stoppedOnFailure(servers: readonly RedisServer[], ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map(async (server) => server.stop()));
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 25_000;
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`gave up waiting until ${what}`);
    await sleep(20);
  }
}
