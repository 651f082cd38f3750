import { expect, test } from 'vitest'
import type { PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import { inPlacePartitions, needsManifests } from '../../planning/restore/in-place-partitions.ts'
import { tableParts } from '../../planning/restore/table-parts.ts'

const part = (at: number, buckets: number): PartitionRecord => ({
  physical: [['1', '2']],
  at,
  buckets,
  replication: 1,
})

function plannedOf(partitions: Record<string, PartitionRecord>, only?: string[]) {
  const table: TableRecord = { id: '1', partitioning: 'range', fingerprint: '', ddl: '', whole: [0], partitions }
  const labels = ['full', 'inc'].map((label) => ({ label, timestamp: '' }))
  return { table, only, parts: tableParts({ labels, own: 1 }, table, only, { exists: true }) }
}

const live = (name: string, buckets: number, replication = 1) => ({ name, buckets, replication })
const held =
  (...snapshots: Record<string, number>[]) =>
  (label: number) =>
    new Map(Object.entries(snapshots[label] ?? {}))

test('a partition that a later snapshot restores makes way for an earlier one, which has it with other buckets', () => {
  const planned = plannedOf({ p1: part(0, 8), p2: part(1, 16) })
  expect(needsManifests(planned)).toBe(true)
  expect(inPlacePartitions(planned, [live('p1', 8), live('p2', 16)], held({ p1: 8, p2: 8 }, { p2: 16 }))).toEqual({
    drop: [{ name: 'p2', why: 'has 16 buckets, in an earlier snapshot of the chain it had 8' }],
  })
  expect(inPlacePartitions(planned, [live('p1', 8), live('p2', 16)], held({ p1: 8 }, { p2: 16 }))).toEqual({ drop: [] })
})

test('a partition that is not chosen, and differs from a snapshot that is needed, makes it impossible', () => {
  const planned = plannedOf({ p1: part(0, 8), p2: part(0, 8) }, ['p1'])
  expect(needsManifests(planned)).toBe(true)
  expect(inPlacePartitions(planned, [live('p1', 8), live('p2', 16)], held({ p1: 8, p2: 8 })).refusal).toContain(
    'partition p2, which is not to be restored, has 16 buckets',
  )
  // A snapshot that does not hold it is not compared with it; and nothing is dropped that was not chosen.
  expect(inPlacePartitions(planned, [live('p1', 8), live('p2', 16), live('p3', 1)], held({ p1: 8 }))).toEqual({
    drop: [],
  })
})

test('what the record tells apart is dropped, each with its reason', () => {
  const planned = plannedOf({ p1: part(0, 8), p2: part(0, 8), p3: part(0, 8), p4: part(0, 8) })
  expect(needsManifests(planned)).toBe(false)
  const rows = [
    live('p1', 8),
    live('p2', 9),
    live('p3', 8, 3),
    { ...live('p4', 8), otherValues: 'has other bounds than at the backup' },
    live('p5', 8),
  ]
  expect(inPlacePartitions(planned, rows, held()).drop).toEqual([
    { name: 'p2', why: 'has 9 buckets, at the backup it had 8' },
    { name: 'p3', why: 'has 3 replicas, at the backup it had 1' },
    { name: 'p4', why: 'has other bounds than at the backup' },
    { name: 'p5', why: 'was not there at the backup' },
  ])
})
