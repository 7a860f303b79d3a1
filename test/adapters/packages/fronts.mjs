// Session middleware. Its types would give every request in the tests a session.
import cookieSession from "cookie-session";
import session from "express-session";

/** The session middleware that people use, each with a session that is begun when a handler writes it. */
export const fronts = {
  "express-session": () => session({ secret: "s", resave: false, saveUninitialized: false }),
  "cookie-session": () => cookieSession({ keys: ["s"] }),
};

/** Sessions that are begun for every visitor. */
export const eager = () => session({ secret: "s", resave: false, saveUninitialized: true });
