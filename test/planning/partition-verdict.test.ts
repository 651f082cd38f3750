import { describe, expect, test } from 'vitest'
import {
  distrusted,
  epochToSend,
  partitionVerdict,
  type SourceVersion,
  type TargetVersion,
} from '../../planning/partition-verdict.ts'

const E1 = 453_000_000_000_000_001n
const E2 = 453_000_000_000_000_002n
const ID = 10_001n

const source = (visibleVersion: bigint, versionEpoch = E1): SourceVersion => ({ id: ID, visibleVersion, versionEpoch })
const old = (visibleVersion: bigint): SourceVersion => ({ id: ID, visibleVersion })
const copy = (dataVersion: bigint, versionEpoch = E1): TargetVersion => ({
  visibleVersion: dataVersion,
  dataVersion,
  versionEpoch,
  txnType: 'REPLICATION',
})
const local = (dataVersion: bigint): TargetVersion => ({ ...copy(dataVersion, E2), txnType: 'NORMAL' })
const silent = (visibleVersion: bigint): TargetVersion => ({ visibleVersion })

describe('a target that keeps type and epoch', () => {
  test.each([
    ['both never written', source(1n), local(1n), 'in-sync'],
    ['the source was written, the target never', source(5n), local(1n), 'replicate'],
    ['a copy at the same version and epoch', source(5n), copy(5n), 'in-sync'],
    ['a copy that is behind', source(7n), copy(5n), 'replicate'],
    ['a copy ahead with the same epoch: the source went back in time', source(4n), copy(5n), 'reset'],
    // TRUNCATE, INSERT OVERWRITE, REPLACE, SWAP, DROP + ADD at the source: the RPC alone would believe the first two.
    ['equal versions, another epoch', source(5n, E2), copy(5n), 'reset'],
    ['source ahead, another epoch', source(9n, E2), copy(5n), 'reset'],
    ['source behind, another epoch', source(1n, E2), copy(5n), 'reset'],
    // INSERT on the target, whatever the versions.
    ['a load wrote to the target: target ahead', source(3n), local(4n), 'foreign'],
    ['a load wrote to the target: equal versions', source(4n), local(4n), 'foreign'],
    ['a load wrote to the target: source ahead', source(9n), local(4n), 'foreign'],
    ['a load wrote to the target, the source is empty', source(1n), local(2n), 'foreign'],
    // In a shared-data cluster compaction moves the visible version only, by which the source's files are called.
    ['compaction on the target', source(5n), { ...copy(5n), visibleVersion: 11n }, 'in-sync'],
    [
      'a load after compaction on the source, of which the data versions know one load less',
      source(6n),
      copy(5n),
      'replicate',
    ],
    // RECOVER and RENAME PARTITION keep id and epoch; DELETE adds a version.
    ['a DELETE at the source', source(6n), copy(5n), 'replicate'],
  ] as const)('%s', (_what, from, to, action) => {
    expect(partitionVerdict(from, to).action).toBe(action)
  })

  test('what was never copied is copied in full', () => {
    expect(partitionVerdict(source(5n), local(1n))).toEqual({ action: 'replicate', full: true })
    expect(partitionVerdict(source(5n), copy(4n))).toEqual({ action: 'replicate', full: false })
  })
})

describe('a source without epochs', () => {
  test('its partition id takes their place', () => {
    expect(epochToSend(old(3n))).toBe(ID)
    expect(epochToSend(source(3n))).toBe(E1)
    expect(epochToSend({ ...source(3n), versionEpoch: 0n })).toBe(ID)
  })

  test.each([
    ['in step', old(3n), copy(3n, ID), 'in-sync'],
    ['behind', old(4n), copy(3n, ID), 'replicate'],
    ['truncated since: another id, equal versions', { ...old(3n), id: 10_002n }, copy(3n, ID), 'reset'],
    ['truncated since: another id, source ahead', { ...old(9n), id: 10_002n }, copy(3n, ID), 'reset'],
    ['a load on the target', old(3n), local(3n), 'foreign'],
  ] as const)('%s', (_what, from, to, action) => {
    expect(partitionVerdict(from, to).action).toBe(action)
  })
})

describe('a source that was upgraded to 3.3.2 while it is followed', () => {
  const E0 = 453_000_000_000_000_000n
  test.each([
    ['what was copied before is still its copy', source(5n), copy(5n, ID), 'in-sync'],
    ['and gets what it lacks', source(7n), copy(5n, ID), 'replicate'],
    ['a partition made again has another id', { ...source(5n), id: 10_002n }, copy(5n, ID), 'reset'],
    [
      'the next leader shows other epochs of the same partitions',
      { ...source(5n, E2), formerEpochs: [E0, E1] },
      copy(5n),
      'in-sync',
    ],
    ['one that went back in time', { ...source(3n, E2), formerEpochs: [E1] }, copy(5n), 'reset'],
    ['a load on the target', source(5n), { ...local(5n), versionEpoch: ID }, 'foreign'],
  ] as const)('%s', (_what, from, to, action) => {
    expect(partitionVerdict(from, to).action).toBe(action)
  })
})

describe('a target that keeps neither', () => {
  const left = { sourceId: ID, version: 3n }
  test.each([
    ['both empty', old(1n), silent(1n), undefined, 'in-sync'],
    ['never copied', old(3n), silent(1n), undefined, 'replicate'],
    ['rows of unknown origin', old(3n), silent(3n), undefined, 'foreign'],
    ['as it was left', old(3n), silent(3n), left, 'in-sync'],
    ['behind', old(5n), silent(3n), left, 'replicate'],
    ['the source was made again', { ...old(3n), id: 10_002n }, silent(3n), left, 'reset'],
    ['a load wrote: it is not as it was left', old(5n), silent(4n), left, 'foreign'],
    ['a load wrote up to the source’s very version', old(4n), silent(4n), left, 'foreign'],
    ['the source went back', old(2n), silent(3n), left, 'reset'],
  ] as const)('%s', (_what, from, to, remembered, action) => {
    expect(partitionVerdict(from, to, remembered).action).toBe(action)
  })
})

describe('a copy of which nothing can be believed', () => {
  test.each([
    ['in sync by its versions', source(5n), copy(5n), 'reset'],
    ['behind', source(7n), copy(5n), 'reset'],
    ['empty, the source too', source(1n), copy(1n), 'in-sync'],
    ['empty', source(5n), copy(1n), 'replicate'],
    ['rows of others', source(5n), local(5n), 'foreign'],
  ])('%s', (_, from, to, action) => {
    expect(distrusted(partitionVerdict(from, to), to, 'replaced').action).toBe(action)
  })
})
