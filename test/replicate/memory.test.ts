import { expect, test } from 'vitest'
import type { Dependencies } from '../../activities/dependencies.ts'
import { type CopyMemory, noteConfirmed, recall, withConfirmed } from '../../activities/replicate/memory.ts'

test('what a process confirmed itself counts at once, at exactly that version, and before anything is listed of it', () => {
  const deps = {} as Dependencies
  // As Temporal lists it: the round before the last.
  const listed = (): CopyMemory => new Map([['p', { sourceId: 7n, version: 5n }]])
  expect(recall(listed(), withConfirmed(deps, 'm', 'd.t', new Map()))('p', 6n)?.version).toBe(5n)
  noteConfirmed(deps, 'm', 'd.t', new Map([['p', { sourceId: 7n, version: 6n }]]))
  const known = recall(listed(), withConfirmed(deps, 'm', 'd.t', new Map()))
  expect(known('p', 6n)).toEqual({ sourceId: 7n, version: 6n })
  // A load wrote to it: no word of ours fits.
  expect(recall(listed(), withConfirmed(deps, 'm', 'd.t', new Map()))('p', 9n)?.version).toBe(5n)
  expect(recall(listed(), withConfirmed(deps, 'm', 'd.u', new Map()))('p', 6n)?.version).toBe(5n)
})
