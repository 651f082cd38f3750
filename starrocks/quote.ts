/** Quotes an identifier with backticks, doubling those inside, so that no name can end the identifier. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** `db`.`table`, both quoted. */
export function quoteQualified(database: string, name: string): string {
  return `${quoteName(database)}.${quoteName(name)}`
}

/**
 * Quotes a string literal. StarRocks first joins doubled quotes, then resolves backslash escapes (AstBuilder#visitString), so both
 * characters must be escaped. NUL is written as an escape; every other character stands for itself.
 */
export function quoteString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`
}

/** `("key" = "value", …)` as StarRocks takes properties, every key and value a string literal. */
export function quoteProperties(properties: Iterable<readonly [string, string]>): string {
  const pairs = [...properties].map(([key, value]) => `${quoteString(key)} = ${quoteString(value)}`)
  return `(${pairs.join(', ')})`
}
