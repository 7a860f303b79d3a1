/** The checks for which a server has to run several pipelined requests at once. */
export const PIPELINED: readonly string[] = [
  "the last leads",
  "the middle one leads",
  "the first leads",
  "two lead",
].map((who) => `the process and the followers survive a disconnect from pipelined requests: ${who}`);

/** The checks of the queue of responses on one connection. */
const OF_A_QUEUE: readonly string[] = [
  ...PIPELINED,
  "the process and the follower survive a leader whose client ends the connection within its next request",
  "a follower behind another response on its connection gets every byte of a stream too large to buffer",
  "followers without a byte wait at most a second for a leader behind another response on its connection",
];

/** What no adapter for Node can do over HTTP/2, and why. */
export const DECLINED_OVER_HTTP2: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    OF_A_QUEUE.map((check) => [check, "over HTTP/2 no response waits for another on its connection"]),
  ),
  "a stream that breaks midway resets the connection of an HTTP/1.0 client":
    "a server with HTTP/2 only has no clients of HTTP/1.0",
  "connection fields, and those that Connection names, are never replayed":
    "Node lets no handler set them over HTTP/2",
};
