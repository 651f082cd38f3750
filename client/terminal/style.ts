import { stripVTControlCharacters } from 'node:util'
import { io } from '../io.ts'

export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

const wrap = (on: number, off: number) => (text: string) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`)
const plain = (text: string) => text

const COLOURED: Style = {
  bold: wrap(1, 22),
  dim: wrap(2, 22),
  red: wrap(31, 39),
  green: wrap(32, 39),
  yellow: wrap(33, 39),
  cyan: wrap(36, 39),
}
const PLAIN: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain }

/** Colours only on a terminal, and never where NO_COLOR asks for none. */
export function styleFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = io().env): Style {
  return stream.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? COLOURED : PLAIN
}

/** Columns that a text takes on a terminal: colours take none, wide East Asian characters and emoji take two. */
export function width(text: string): number {
  let columns = 0
  for (const char of stripVTControlCharacters(text)) {
    const code = char.codePointAt(0) ?? 0
    if (code >= 0x300 && /\p{Mark}/u.test(char)) continue
    columns += isWide(code) ? 2 : 1
  }
  return columns
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}

/** Control characters made visible: a name from a cluster must not move the cursor. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => {
    if (char === '\n') return '⏎'
    if (char === '\t') return ' '
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** Cut to a number of columns, with an ellipsis where something was cut. Plain text only. */
export function clip(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let out = ''
  let used = 0
  for (const char of text) {
    const next = width(char)
    if (used + next > columns - 1) break
    out += char
    used += next
  }
  return `${out}…`
}
