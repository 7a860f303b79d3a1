import { Router } from "@koa/router";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/koa";
import Koa from "koa";

const cache = createCache();
const app = new Koa();
const router = new Router();

router.get("/", cacheRoute(cache, { ttl: 60 }), (ctx) => {
  ctx.body = "Hello, World!";
});

app.use(router.routes());

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
