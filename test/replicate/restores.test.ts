import { expect, test } from 'vitest'
import { Restores } from '../../activities/pollers/restores.ts'
import { readRestoreObjects } from '../../starrocks/backup/job-objects.ts'

const job = (jobId: string, objectsText: string, state = 'FINISHED') => ({
  jobId,
  state,
  objectsText,
  objects: readRestoreObjects(objectsText),
})

test('what restores overwrote is remembered when a later job hides them', () => {
  const restores = new Restores()
  expect(restores.last).toBe(0n)
  restores.note(job('-1', '', 'PENDING'))
  restores.note(job('7', 'a PARTITIONS [p1, p2], b', 'DOWNLOADING'))
  expect([restores.last, restores.of('a')]).toEqual([0n, undefined])
  restores.note(job('7', 'a PARTITIONS [p1, p2], b'))
  restores.note(job('9', 'a PARTITIONS [p3]'))
  restores.note(job('8', 'c', 'CANCELLED'))
  expect(restores.last).toBe(9n)
  expect(restores.of('a')).toEqual({ id: 9n, partitions: new Set(['p1', 'p2', 'p3']) })
  expect(restores.of('b')).toEqual({ id: 7n })
  expect(restores.of('c')).toBeUndefined()
})

test('a table whose name cannot be told in the list counts as restored when the list may name it', () => {
  const restores = new Restores()
  restores.note(job('7', 'x,y PARTITIONS [p1], t'))
  expect(restores.of('x,y')).toEqual({ id: 7n })
  expect(restores.of('x,z')).toBeUndefined()
})
