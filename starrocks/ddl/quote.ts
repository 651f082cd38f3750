export { quoteName, quoteProperties, quoteQualified, quoteString } from '../quote.ts'

/** The same in double quotes, for texts that may be read back where single quotes are printed without escapes. */
export function quoteDouble(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\0', '\\0')}"`
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0', Z: '\x1a' }

/**
 * Resolves the backslash escapes of a printed literal. Besides StarRocks' own escapes it knows Java's \uXXXX, with which 3.1 prints
 * characters beyond ASCII; a later frontend prints a real backslash before `u` as `\\`, so the two never meet.
 */
export function unescapeBackslashes(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
    (_all, hex: string | undefined, character: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      return escapes[character ?? ''] ?? character ?? ''
    },
  )
}

/** The value of a string literal in SQL text, quotes included: doubled quotes first, then backslashes (AstBuilder#visitString). */
export function unquoteString(literal: string): string {
  const quote = literal[0] ?? "'"
  const inside = literal.slice(1, -1).replaceAll(quote + quote, quote)
  // \_ and \% keep their backslash: they belong to LIKE.
  return inside.replace(/\\([\s\S])/g, (all: string, character: string) =>
    character === '_' || character === '%' ? all : character === 'f' ? 'f' : (escapes[character] ?? character),
  )
}
