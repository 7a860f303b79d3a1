import type { RequestHandler } from "express";

export const fronts: Readonly<Record<"express-session" | "cookie-session", () => RequestHandler>>;
export const eager: () => RequestHandler;
