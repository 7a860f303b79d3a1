import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";

const cache = createCache();
const app = express();

app.get("/", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
  res.type("text").send("Hello, World!");
});

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
