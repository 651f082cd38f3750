/**
 * Whether a table has a full-text index, by SHOW CREATE TABLE: `INDEX name (column) USING GIN("imp_lib" = "clucene", …)`. `directory`: one whose files lie
 * in a directory of their own, over which uploads fail. `builtin`: only such as lie in the segments themselves.
 */
export function fullTextIndex(ddl: string): 'directory' | 'builtin' | undefined {
  // Names and comments may look like anything.
  const bare = ddl.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`]|``)*`/g, (text) =>
    /^"(?:imp_lib|builtin)"$/i.test(text) ? text : '``',
  )
  const indexes = [...bare.matchAll(/\bINDEX\s+\S+\s*\([^()]*\)\s+USING\s+GIN\b\s*(\([^()]*\))?/gi)]
  if (indexes.length === 0) return undefined
  return indexes.every(([, properties]) => /"imp_lib"\s*=\s*"builtin"/i.test(properties ?? ''))
    ? 'builtin'
    : 'directory'
}
