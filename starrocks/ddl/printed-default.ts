import { unescapeBackslashes } from './quote.ts'
import type { Scanner } from './scanner.ts'

/** A reading of a printed literal: its value, and where its closing quote is. */
interface Reading {
  readonly value: string
  readonly end: number
}

export interface PrintedDefault {
  readonly value: string
  /** Position after the closing quote. */
  readonly next: number
  /** Set when the text allows two values, or fits none that is known. */
  readonly doubt?: 'ambiguous-default' | 'default-disagrees'
}

// What follows the closing quote of a default in every version: SHOW CREATE always prints the comment.
const following = ' COMMENT "'

/**
 * Reads `"…"` after DEFAULT, the opening quote at `start`. 3.3.3 prints the value as it is, quotes and backslashes included; 3.1
 * escapes it as Java does; 3.5 escapes backslashes, quotes and line ends. The text alone can leave two readings, so the value that DESC
 * tells (`known`: exact text) decides; without it, and unless `escaped` says that this version escapes, two readings are a doubt.
 */
export function readPrintedDefault(
  text: string,
  start: number,
  options: { readonly known?: string; readonly escaped: boolean },
): PrintedDefault | undefined {
  const escaped = readEscaped(text, start)
  const { known } = options
  if (known !== undefined) {
    const raw = `"${known}"${following}`
    if (escaped?.value === known) return { value: known, next: escaped.end + 1 }
    if (text.startsWith(raw, start)) return { value: known, next: start + known.length + 2 }
  }
  const raw = readRaw(text, start)
  const chosen = options.escaped || !raw ? escaped : (escaped ?? raw)
  if (!chosen) return undefined
  const next = chosen.end + 1
  if (known !== undefined) return { value: chosen.value, next, doubt: 'default-disagrees' }
  // A backslash before what no frontend escapes: \uXXXX of the value itself was resolved by the frontend while it printed.
  if (options.escaped && !onlyKnownEscapes(text.slice(start + 1, chosen.end))) {
    return { value: chosen.value, next, doubt: 'ambiguous-default' }
  }
  if (options.escaped || !escaped || !raw) return { value: chosen.value, next }
  const same = escaped.end === raw.end && escaped.value === raw.value
  return same ? { value: chosen.value, next } : { value: chosen.value, next, doubt: 'ambiguous-default' }
}

function readEscaped(text: string, start: number): Reading | undefined {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === '"') {
      if (!text.startsWith(following, at + 1)) return undefined
      return { value: unescapeBackslashes(text.slice(start + 1, at)), end: at }
    }
  }
  return undefined
}

const onlyKnownEscapes = (printed: string) => /^(?:[^\\]|\\[\\"'/ntrbf])*$/.test(printed)

function readRaw(text: string, start: number): Reading | undefined {
  const end = text.indexOf(`"${following}`, start + 1)
  return end < 0 ? undefined : { value: text.slice(start + 1, end), end }
}

/**
 * Reads a printed comment, the opening quote next. Comments are escaped (`\"`, `\\`) by every version seen; where what follows shows
 * that one is not, everything up to the first quote that ends the item is the comment.
 */
export function readPrintedComment(scanner: Scanner, ends: RegExp): string {
  if (scanner.sees("'")) return scanner.string()
  const start = scanner.position
  const end = closing(scanner.text, start)
  const sticky = new RegExp(ends.source, 'y')
  sticky.lastIndex = end + 1
  if (end >= 0 && sticky.test(scanner.text)) {
    scanner.position = end + 1
    return unescapeBackslashes(scanner.text.slice(start + 1, end))
  }
  const quote = scanner.text.charAt(start)
  for (let at = scanner.text.indexOf(quote, start + 1); at >= 0; at = scanner.text.indexOf(quote, at + 1)) {
    sticky.lastIndex = at + 1
    if (sticky.test(scanner.text)) {
      scanner.position = at + 1
      return scanner.text.slice(start + 1, at)
    }
  }
  return scanner.fail('a comment has no end')
}

// Doubled quotes are not an escape in what is printed.
function closing(text: string, start: number): number {
  const quote = text.charAt(start)
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++
    else if (text.charAt(at) === quote) return at
  }
  return -1
}
