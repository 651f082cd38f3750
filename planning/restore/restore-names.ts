/** Database names may be long; what is added must still fit. */
const LONGEST = 200

const shortened = (name: string) => (name.length <= LONGEST ? name : [...name].slice(0, LONGEST).join(''))

/** Where a restored table waits for the live name, in the live database. */
export const asideName = (table: string, hash: string) => `${shortened(table)}__sf_${hash}`

/** Where tables are put together out of several snapshots. */
export const scratchName = (database: string, hash: string) => `${shortened(database)}__sf_${hash}`

/** What a replaced table or database is called when it is kept. */
export const replacedName = (name: string, hash: string) => `${shortened(name)}__replaced_${hash}`

/** Label of the snapshot by which an assembled table gets from one database into another; attempts count from 1. */
export const passageLabel = (hash: string, part: number, attempt: number) => `sfr_${hash}_${part}_${attempt}`

/**
 * Seconds that the jobs of a run may take: some more than asked for, by which its own are told from those of another restore of the same snapshot into the
 * same database. SHOW RESTORE prints them, and nothing else that a client chooses.
 */
export const jobTimeout = (seconds: number, hash: string) => seconds + 1 + (Number.parseInt(hash, 36) % 997)

/** Six letters and digits out of any text (FNV-1a, 32 bit twice): the same for the same run, another for any other. */
export function runHash(text: string): string {
  let a = 0x811c9dc5
  let b = 0x1000193
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    a = Math.imul(a ^ code, 0x01000193) >>> 0
    b = Math.imul(b + code, 0x85ebca6b) >>> 0
    b = (b ^ (b >>> 13)) >>> 0
  }
  const mixed = (BigInt(a) << 32n) | BigInt(b)
  return (mixed % 36n ** 6n).toString(36).padStart(6, '0')
}
