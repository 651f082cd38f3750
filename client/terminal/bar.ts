import type { Style } from './style.ts'

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A progress bar of so many columns. Full only when the ratio is 1. */
export function bar(ratio: number, columns: number, style: Style): string {
  const clamped = Math.min(1, Math.max(0, Number.isFinite(ratio) ? ratio : 0))
  const eighths = Math.min(Math.floor(clamped * columns * 8), clamped < 1 ? columns * 8 - 1 : columns * 8)
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
  const rest = '░'.repeat(columns - full.length)
  return (clamped === 1 ? style.green(full) : style.cyan(full)) + style.dim(rest)
}
