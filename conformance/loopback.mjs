// Loaded before the suite's origin server, which would listen on every address of the machine.
import { Server } from "node:http";

const { listen } = Server.prototype;
Server.prototype.listen = function listenOnLoopback(port) {
  return listen.call(this, port, "127.0.0.1");
};
