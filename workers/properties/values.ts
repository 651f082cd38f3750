/** A value that a key cannot have; the message goes behind `<key> `. */
export class PropertyError extends Error {
  override name = 'PropertyError'
}

export function readBoolean(value: string): boolean {
  if (/^true$/i.test(value)) return true
  if (/^false$/i.test(value) || value === '') return false
  throw new PropertyError(`is '${value}': write true or false`)
}

export function readCount(value: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const count = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(count) && count >= least && count <= most) return count
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new PropertyError(`is '${value}': write a whole number ${range}`)
}

/** `db1,db2.tbl` as patterns; characters that would be globs stand for themselves, because the names of this file never were. */
export function readList(value: string): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => name.replace(/[*?[]/g, '[$&]'))
}
