import { FORKS } from './forks.ts'

/** Before each test file: what it and its child processes choose from are ports of its process alone, so that none takes what another one's server wants back. */
const place = ownPlace(10_000, 31_999)
process.env.STARFERRY_PORTS = `${place.lowest}-${place.highest}`

/** The part, of a range that is divided among the processes of the tests, that is this one's. */
export function ownPlace(first: number, last: number): { lowest: number; highest: number } {
  const count = Math.floor((last - first + 1) / FORKS)
  const lowest = first + ((Number(process.env.VITEST_POOL_ID) || 1) % FORKS) * count
  return { lowest, highest: lowest + count - 1 }
}
