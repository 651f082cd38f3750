export interface Property {
  key: string
  value: string
  /** Where it stands, from 1. */
  line: number
}

/**
 * Java's properties syntax (java.util.Properties.load): `#` and `!` comments, `=`, `:` or blank between key and value, a backslash at the
 * end of a line continues it, `\t \n \r \f \uXXXX` and any other escaped character stands for itself. A later key wins over an earlier one.
 * Errors: SyntaxError for a malformed `\uXXXX`, naming the line.
 */
export function parseProperties(text: string): Map<string, Property> {
  const properties = new Map<string, Property>()
  for (const { text: logical, line } of logicalLines(text)) {
    const end = keyEnd(logical)
    const key = unescapeText(logical.slice(0, end), line)
    const rest = logical.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    properties.set(key, { key, value: unescapeText(rest, line), line })
  }
  return properties
}

function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1
    let logical = (lines[i] ?? '').replace(/^[ \t\f]+/, '')
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (endsInOddBackslashes(logical) && i + 1 < lines.length) {
      i++
      logical = logical.slice(0, -1) + (lines[i] ?? '').replace(/^[ \t\f]+/, '')
    }
    // A backslash on the very last line continues nothing.
    yield { text: endsInOddBackslashes(logical) ? logical.slice(0, -1) : logical, line }
  }
}

const endsInOddBackslashes = (text: string) => ((/\\*$/.exec(text)?.[0].length ?? 0) & 1) === 1

function keyEnd(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (/[=: \t\f]/.test(text[i] ?? '')) return i
  }
  return text.length
}

const ESCAPES: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescapeText(text: string, line: number): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    if (escaped === 'u') throw new SyntaxError(`line ${line}: \\u must be followed by four hexadecimal digits`)
    return ESCAPES[escaped] ?? escaped
  })
}
