/** Before each test file: what it and its child processes choose from are ports of its process alone, so that none takes what another one's server wants back. */
const place = ownPlace(10_000, 2_700)
process.env.STARFERRY_PORTS = `${place.lowest}-${place.highest}`

/** The part, of a range that is divided among the eight processes of the tests, that is this one's. */
export function ownPlace(first: number, count: number): { lowest: number; highest: number } {
  const lowest = first + ((Number(process.env.VITEST_POOL_ID) || 1) % 8) * count
  return { lowest, highest: lowest + count - 1 }
}
