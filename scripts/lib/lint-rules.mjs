// Two rules that the linter lacks, in the shape of its JavaScript plugins.

/** A star hides what a module exports, from its readers and from a diff. */
const noExportStar = {
  create: (context) => ({
    ExportAllDeclaration: (node) =>
      context.report({ node, message: "Name what is exported: no `export *`." }),
  }),
};

/** An import written as an expression passes by no-restricted-imports, and so around the arrows. */
const noInlineImport = {
  create(context) {
    const report = (node) =>
      context.report({ node, message: "Import at the top of the file, where the arrows are checked." });
    return { ImportExpression: report, TSImportType: report };
  },
};

export default {
  meta: { name: "project" },
  rules: { "no-export-star": noExportStar, "no-inline-import": noInlineImport },
};
