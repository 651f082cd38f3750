/** JSON that keeps what the lab's catalog is made of: 64-bit numbers and maps. */
export const writeLossless = (value: unknown): string => JSON.stringify(value, replace)

export const readLossless = (text: string): unknown => JSON.parse(text, revive) as unknown

const replace = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return { $integer: value.toString() }
  if (value instanceof Map) return { $map: [...value] }
  return value
}

const revive = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if ('$integer' in value) return BigInt(value.$integer as string)
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][])
  return value
}
