const units: Readonly<Record<string, bigint>> = {
  B: 1n,
  KB: 1n << 10n,
  MB: 1n << 20n,
  GB: 1n << 30n,
  TB: 1n << 40n,
  PB: 1n << 50n,
  EB: 1n << 60n,
}

/**
 * Reads a size as StarRocks prints it – `12.3GB` (partitions), `123.456 GB` (backends), plain bytes (4.1's partitions_meta) –
 * into bytes. Units are 1024-based. Undefined for anything else.
 */
export function parseDataSize(text: string | null | undefined): bigint | undefined {
  const match = /^\s*(-?)(\d+)(?:\.(\d+))?\s*([KMGTPE]?B)?\s*$/i.exec(text ?? '')
  if (!match) return undefined
  const [, sign, whole = '0', fraction = '', unit = 'B'] = match
  const size = units[unit.toUpperCase()] ?? 1n
  const bytes = exactly(whole + fraction, size, fraction.length)
  return sign === '-' ? -bytes : bytes
}

/** Digits as scaled integers, rounded half up: a double would lose the low digits of large plain byte counts. */
function exactly(digits: string, unit: bigint, places: number): bigint {
  const scaled = Number(digits) * Number(unit)
  // What a double holds exactly – nearly all of them, and there may be hundreds of thousands – needs no big integers.
  if (digits.length <= 15 && scaled < 2 ** 52 && places < scales.length) {
    const scale = scales[places] ?? 1
    const rounded = scaled + Math.floor(scale / 2)
    return BigInt((rounded - (rounded % scale)) / scale)
  }
  const scale = 10n ** BigInt(places)
  return (BigInt(digits) * unit + scale / 2n) / scale
}

const scales = Array.from({ length: 16 }, (_, places) => 10 ** places)

/** Reads `12.34 %` (also without the blank or the sign) into 12.34. Undefined for anything else. */
export function parsePercent(text: string | null | undefined): number | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*%?\s*$/.exec(text ?? '')
  return match?.[1] === undefined ? undefined : Number(match[1])
}
