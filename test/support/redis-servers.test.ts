import { afterEach, describe, expect, it, vi } from "vitest";
import { areServersMissing, startRedis, startRedisCluster, startRedisSentinels } from "./redis-servers.ts";

describe.skipIf(areServersMissing)("the servers of the test kit", () => {
  const stops: (() => Promise<void>)[] = [];

  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(stops.splice(0).map(async (stop) => stop()));
  });

  it("a server keeps what it is told until it is killed", async () => {
    const server = await startRedis();
    stops.push(async () => server.stop());
    await server.command("SET", "a", "1");
    expect(await server.command("GET", "a")).toBe("1");
    await server.kill();
    await server.restart();
    expect(await server.command("GET", "a")).toBe("");
  });

  it("a server that is stopped is gone", async () => {
    const server = await startRedis();
    await server.stop();
    await expect(server.command("PING")).rejects.toThrow(/refused/);
  });

  it("a cluster has three primaries with a replica each", async () => {
    const { servers, stop } = await startRedisCluster();
    stops.push(stop);
    const roles = await Promise.all(servers.map(async (server) => server.command("ROLE")));
    const [primary, replica] = ["master", "slave"];
    const kinds = roles.map((role) => role.split("\n")[0]);
    expect(kinds).toEqual([primary, primary, primary, replica, replica, replica]);
  });

  it("three sentinels name the primary", async () => {
    const { servers, sentinels, group, stop } = await startRedisSentinels();
    stops.push(stop);
    const named = await Promise.all(
      sentinels.map(async (sentinel) => sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", group)),
    );
    expect(named).toEqual(Array(3).fill(`127.0.0.1\n${servers[0]?.port}`));
  });

  it("a binary that is missing is named with its package", async () => {
    vi.stubEnv("PATH", "/nowhere");
    await expect(startRedis()).rejects.toThrow(
      'redis-server is not on PATH: install the Debian package "redis-server"',
    );
  });
});
