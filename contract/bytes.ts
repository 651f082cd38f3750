import { z } from 'zod'

const UNITS: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  PB: 1024 ** 5,
}

/** Bytes from `1024`, `'500GB'`, `'1.5 TB'`; undefined when the text is no size. Units are powers of 1024, as in StarRocks. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTP]?B?)\s*$/i.exec(text)
  if (!match) return undefined
  const unit = (match[2] ?? '').toUpperCase()
  const factor = UNITS[unit.length === 1 && unit !== 'B' ? `${unit}B` : unit]
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor)
}

/** A positive size: a number of bytes, or text with a unit. */
export const bytes = z.union([z.number().positive(), z.string()]).transform((value, context) => {
  const size = typeof value === 'number' ? value : parseBytes(value)
  if (size === undefined || size <= 0) {
    context.addIssue({
      code: 'custom',
      message: `'${value}' is no size: write bytes, or a number with B, KB, MB, GB, TB or PB`,
    })
    return z.NEVER
  }
  return size
})

const UNIT_NAMES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** `1.5 GB`; powers of 1024, as StarRocks prints sizes. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 1024 && unit < UNIT_NAMES.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(value < 10 ? 2 : 1)} ${UNIT_NAMES[unit]}`
}
