/**
 * The alternatives of a pattern with braces: `{a,b}.t` → `a.t`, `b.t`. Nested braces are expanded too; a brace that is never closed stands
 * for itself.
 */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{')
  if (open < 0) return [pattern]
  const parts: string[] = []
  let depth = 0
  let start = open + 1
  for (let i = open; i < pattern.length; i++) {
    const char = pattern[i]
    if (char === '{') depth++
    else if (char === '}') depth--
    if ((char === ',' && depth === 1) || (char === '}' && depth === 0)) {
      parts.push(pattern.slice(start, i))
      start = i + 1
    }
    if (depth === 0) {
      const head = pattern.slice(0, open)
      const tails = expandBraces(pattern.slice(i + 1))
      return parts.flatMap((part) => expandBraces(part).flatMap((body) => tails.map((tail) => head + body + tail)))
    }
  }
  return [pattern]
}

/** Whether a pattern holds anything but plain characters. */
export const isGlob = (pattern: string): boolean => /[*?[{]/.test(pattern)

/** A pattern that matches this name only; undefined when there is none: braces cannot be taken as plain characters. */
export function globOf(name: string): string | undefined {
  const pattern = name.replaceAll(/[*?[]/g, '[$&]')
  return expandBraces(pattern)[0] === pattern ? pattern : undefined
}

/**
 * A matcher for names: `*` any characters, `?` one, `[a-z]` one of, `[!a-z]` none of. Every other character stands for itself, and a name equal to
 * the pattern always matches, so that odd names can be written as they are. Braces are expanded before (`expandBraces`).
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  if (!/[*?[]/.test(pattern)) return (name) => name === pattern
  const regex = new RegExp(`^${source(pattern)}$`, 'su')
  return (name) => name === pattern || regex.test(name)
}

function source(pattern: string): string {
  let out = ''
  const chars = [...pattern]
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? ''
    if (char === '*') {
      // Neighbouring stars say what one says, and would only make the expression slow.
      if (chars[i - 1] !== '*') out += '.*'
    } else if (char === '?') out += '.'
    else if (char === '[') {
      const end = chars.indexOf(']', i + 2)
      const set = end < 0 ? undefined : characterSet(chars.slice(i + 1, end))
      if (set === undefined) out += '\\['
      else {
        out += set
        i = end
      }
    } else out += literal(char)
  }
  return out
}

function characterSet(chars: string[]): string | undefined {
  const negated = chars[0] === '!' || chars[0] === '^'
  const body = negated ? chars.slice(1) : chars
  if (body.length === 0) return undefined
  let set = ''
  for (let i = 0; i < body.length; i++) {
    const from = body[i] ?? ''
    const to = body[i + 1] === '-' ? body[i + 2] : undefined
    if (to === undefined) set += setLiteral(from)
    else if ((from.codePointAt(0) ?? 0) > (to.codePointAt(0) ?? 0)) return undefined
    else {
      set += `${setLiteral(from)}-${setLiteral(to)}`
      i += 2
    }
  }
  return `[${negated ? '^' : ''}${set}]`
}

const literal = (char: string) => (/[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char)
const setLiteral = (char: string) => (/[\\^\]\-[]/.test(char) ? `\\${char}` : char)
