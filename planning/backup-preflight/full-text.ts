/** `INDEX name (column) USING GIN …`, as SHOW CREATE TABLE prints it. Names and comments that look like it are in quotes. */
export function hasFullTextIndex(ddl: string): boolean {
  const bare = ddl.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`]|``)*`/g, '``')
  return /\bINDEX\s+``\s*\([^()]*\)\s+USING\s+GIN\b/i.test(bare)
}
