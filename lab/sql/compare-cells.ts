import type { LabValue } from '../model.ts'

const integer = /^[+-]?\d+$/

/** Order of two values as they stand in results: numbers by value, all else by text; NULL comes first. */
export const compareCells = (a: LabValue, b: LabValue): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  const x = String(a)
  const y = String(b)
  if (integer.test(x) && integer.test(y)) {
    const order = BigInt(x) - BigInt(y)
    return order < 0n ? -1 : order > 0n ? 1 : 0
  }
  const p = Number(x)
  const q = Number(y)
  if (x.trim() !== '' && y.trim() !== '' && !Number.isNaN(p) && !Number.isNaN(q)) return p - q
  return Buffer.compare(Buffer.from(x), Buffer.from(y))
}
