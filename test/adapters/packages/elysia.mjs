// Elysia's types bring those of Bun, which change what the whole program has: so this file has none.
import { Elysia } from "elysia";

/** Makes an application with one route, whose handler is given Elysia's context. */
export const elysia = (path, handler) => new Elysia().get(path, handler);
