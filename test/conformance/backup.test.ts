import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { LabVersion } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { type KnownDifference, knownSnapshotDifferences } from './known-snapshot-differences.ts'
import { type SnapshotGroup, SnapshotGroupRun } from './run-snapshot-group.ts'

const releases: LabVersion[] = ['3.1', '3.3', '3.5', '4.1']

interface Recording {
  columns: string[]
  groups: SnapshotGroup[]
}

const recordingOf = (release: string): Recording =>
  JSON.parse(readFileSync(new URL(`../fixtures/conformance/${release}-backup.json`, import.meta.url), 'utf8'))

/** What 3.5 made of the snapshots of an older release: those of its own recording, and some more. */
const recordingInto35 = (release: LabVersion): Recording => {
  const made = recordingOf(release)
  const restored = recordingOf(`${release}-into-3.5`)
  const before = made.groups[0]?.entries ?? []
  const prepared = before.slice(
    0,
    before.findIndex((entry) => entry.k === 1),
  )
  const at = made.columns.length
  return {
    columns: [...made.columns, ...restored.columns],
    groups: restored.groups.map((group) => ({
      ...group,
      entries: [
        ...prepared.map((entry) => ({ ...entry, k: 3 as const })),
        ...group.entries.map((entry) => (entry.c === undefined ? entry : { ...entry, c: entry.c + at })),
      ],
    })),
  }
}

const met = new Set<KnownDifference>()

const isKnown = (title: string, statement: string): boolean => {
  const known = knownSnapshotDifferences.find((k) => k.where.test(title) && k.statement.test(statement))
  if (known) met.add(known)
  return known !== undefined
}

// Backup and restore as they were recorded on real frontends: every statement must get the same answer, every job end alike.
describe.concurrent.each([
  ...releases.map((release) => [release, release, release, recordingOf(release)] as const),
  ...(['3.1', '3.3'] as const).map(
    (release) => [`${release} into 3.5`, release, '3.5', recordingInto35(release)] as const,
  ),
])('%s', (pair, release, later, { columns, groups }) => {
  test.each(groups.map((group) => [group.name, group] as const))('%s', async (name, group) => {
    const own = await startTestS3()
    const directory = mkdtempSync(path.join(tmpdir(), 'starferry-conformance-'))
    try {
      const { endpoint, accessKey, secretKey } = own
      const here = { endpoint, accessKey, secretKey, storage: own.dir, directory }
      const report = await SnapshotGroupRun.run(release, columns, group, here, later)
      const title = `${pair} ${name}`
      const unknown = report.differences.filter((d) => !isKnown(title, d.statement))
      const left = Object.values(group.leftOut).reduce((sum, count) => sum + count, 0)
      const known = report.differences.length - unknown.length
      console.info(
        `${title}: ${report.agreed} agree, ${known} known to differ, ${unknown.length} differ, ${left} left out`,
      )
      expect(unknown.map((d) => `${d.statement}\n    ${d.difference}`).join('\n')).toBe('')
      expect(report.agreed).toBeGreaterThan(0)
    } finally {
      await own.stop()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

afterAll(() => {
  const stale = knownSnapshotDifferences.filter((known) => !met.has(known)).map((known) => known.why)
  expect(stale, 'known differences that are none any more').toEqual([])
})
