import { describe } from 'vitest'
import { livesComeBack } from './support/lives.ts'

// In two files, which run side by side: most of the time is spent waiting.
describe('a database with a life of changes comes back as it was at each backup, row by row', () => {
  livesComeBack(Array.from({ length: 10 }, (_, i) => i + 11))
})
