/** Many yes-or-no answers as short text: a bit each, hexadecimal; nothing where all are equal to no, `*` where all are yes. */
export function packFlags(flags: readonly boolean[]): string {
  if (!flags.includes(true)) return ''
  if (!flags.includes(false)) return '*'
  let text = ''
  for (let from = 0; from < flags.length; from += 4) {
    let digit = 0
    for (let bit = 0; bit < 4; bit++) if (flags[from + bit]) digit |= 1 << bit
    text += digit.toString(16)
  }
  return text.replace(/0+$/, '')
}

/** One answer out of `packFlags`. */
export function flagAt(packed: string, at: number): boolean {
  if (packed === '*') return true
  const digit = packed[Math.floor(at / 4)]
  return digit !== undefined && (Number.parseInt(digit, 16) & (1 << (at % 4))) !== 0
}
