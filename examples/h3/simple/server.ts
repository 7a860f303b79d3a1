import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/h3";
import { H3, serve } from "h3";

const cache = createCache();
const app = new H3();

app.get(
  "/",
  cacheRoute(cache, { ttl: 60 }, () => "Hello, World!"),
);

const port = Number(process.env["PORT"] ?? 8000);
const server = serve(app, { port, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(`listening on ${server.url?.replace(/\/$/, "")}`);
