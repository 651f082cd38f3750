import { describe } from 'vitest'
import { livesComeBack } from './support/lives.ts'

/** `STARFERRY_LIVES=21-200 npx vitest run test/restore/lives.test.ts` runs others. */
function seeds(text = process.env.STARFERRY_LIVES ?? '1-20'): number[] {
  const [from = 1, to = from] = text.split('-').map(Number)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

// Side by side: most of the time is spent waiting.
describe.concurrent('a database with a life of changes comes back as it was at each backup, row by row', () => {
  livesComeBack(seeds())
})
