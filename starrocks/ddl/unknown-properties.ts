/**
 * The property names in `Unknown properties: {binlog_version=0, a=b}`, which fails a whole CREATE TABLE; empty for any other error. Write
 * the statement again with them in `unknownProperties`.
 */
export function dropUnknownProperties(errorText: string): ReadonlySet<string> {
  const found = /Unknown properties: \{([^}]*)\}/.exec(errorText)
  const names = (found?.[1] ?? '').split(/,\s*(?=[A-Za-z0-9_.]+=)/).map((pair) => pair.split('=')[0]?.trim() ?? '')
  return new Set(names.filter((name) => name !== ''))
}
