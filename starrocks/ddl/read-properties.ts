import type { Properties } from './model.ts'
import { unescapeBackslashes } from './quote.ts'
import type { Scanner } from './scanner.ts'

/** Reads `("key" = "value", …)`, the opening parenthesis next. */
export function readProperties(scanner: Scanner): Properties {
  scanner.expect('(')
  const entries: [string, string][] = []
  while (!scanner.take(')')) {
    const key = readText(scanner, /\s*=/)
    scanner.expect('=')
    entries.push([key, readText(scanner, /\s*,\s*["')]|\s*\)/)])
    scanner.take(',')
  }
  // fromEntries makes own properties of any name, `__proto__` too.
  return Object.fromEntries(entries)
}

// A quoted text whose closing quote is followed by `next`. A value with quotes of its own may be printed unescaped: then the first
// quote that is followed by `next` ends it.
function readText(scanner: Scanner, next: RegExp): string {
  scanner.skipSpace()
  const { text } = scanner
  const start = scanner.position
  const quote = text.charAt(start)
  if (quote !== '"' && quote !== "'") scanner.fail('expected a quoted text')
  const sticky = new RegExp(next.source, 'y')
  const follows = (end: number) => {
    sticky.lastIndex = end + 1
    return sticky.test(text)
  }
  const escaped = scanner.closingQuote(start)
  if (escaped >= 0 && follows(escaped)) {
    scanner.position = escaped + 1
    return unescapeBackslashes(text.slice(start + 1, escaped)).replaceAll(quote + quote, quote)
  }
  for (let end = text.indexOf(quote, start + 1); end >= 0; end = text.indexOf(quote, end + 1)) {
    if (!follows(end)) continue
    scanner.position = end + 1
    return text.slice(start + 1, end)
  }
  return scanner.fail('a quoted text has no end')
}
