// The types of GraphQL Yoga bring those of browsers into every test.
import { createSchema, createYoga } from "graphql-yoga";

/** Makes a server for queries: `{ run(of: "a") }` has the result of `run`, and `{ fails }` an error. */
export function yogaOf(run) {
  const resolvers = {
    Query: {
      run: (_root, { of = "all" }) => run(of),
      fails: () => {
        throw new Error("down");
      },
    },
    Mutation: { write: () => "written" },
  };
  const typeDefs = "type Query { run(of: String): String! fails: String! } type Mutation { write: String! }";
  const yoga = createYoga({ logging: false, schema: createSchema({ typeDefs, resolvers }) });
  return (request) => yoga.fetch(request);
}
