import { describe, expect, test } from 'vitest'
import type { BackupRecord } from '../../contract/backup/record.ts'
import type { LabCluster } from '../../lab/index.ts'
import { REPOSITORY, restoreStage } from './support/restore-stage.ts'
import { KINDS, runAll, type TableKind } from './support/table-kinds.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

const stage = restoreStage()

interface Point {
  record: BackupRecord
  content: Map<string, string[]>
}

async function pointOf(cluster: LabCluster, kinds: readonly TableKind[], record: BackupRecord): Promise<Point> {
  const content = new Map<string, string[]>()
  for (const { name } of kinds) content.set(name, await contentOf(cluster, 'k', name))
  return { record, content }
}

/** A full backup, one of what changed, and one of what changed after that. */
async function history(cluster: LabCluster, kinds: readonly TableKind[], prefix: string): Promise<Point[]> {
  cluster.execute('CREATE DATABASE k')
  for (const kind of kinds) runAll(cluster, [kind.create, ...kind.fill])
  const points: Point[] = []
  let baseline: BackupRecord | undefined
  for (const [at, step] of ([undefined, 'first', 'second'] as const).entries()) {
    if (step) for (const kind of kinds) runAll(cluster, kind[step])
    const record = await takeBackup(stage, cluster, {
      label: `${prefix}_${at}`,
      database: 'k',
      baseline,
      kind: at === 0 ? 'full' : 'incremental',
    })
    points.push(await pointOf(cluster, kinds, record))
    baseline = record
  }
  return points
}

describe.each(['3.3', '3.5', '4.1'] as const)('%s', (version) => {
  const kinds = KINDS.filter((kind) => version !== '3.3' || !kind.list)
  const name = `kinds-${version.replace('.', '')}`

  test('every kind of table comes back from each point of a chain, as a database and over live tables', async () => {
    const cluster = await stage.cluster(name, { version })
    const points = await history(cluster, kinds, `k${version.replace('.', '')}`)
    for (const kind of kinds) {
      const from = Object.values(points[2]?.record.tables[kind.name]?.partitions ?? {}).map((partition) => partition.at)
      expect([kind.name, new Set(from).size > 1]).toEqual([kind.name, !kind.whole])
    }
    for (const [at, { record, content }] of points.entries()) {
      const database = `restored${at}`
      await stage.restore({
        name: `${name}-db-${at}`,
        cluster: name,
        repository: REPOSITORY,
        from: { label: record.id },
        rename: { database },
        publish: 'auto',
      })
      for (const kind of kinds) {
        expect([kind.name, await contentOf(cluster, database, kind.name)]).toEqual([kind.name, content.get(kind.name)])
      }
      const swapped = await stage.restore({
        name: `${name}-swap-${at}`,
        cluster: name,
        repository: REPOSITORY,
        from: { label: record.id },
        tables: kinds.map((kind) => kind.name),
        publish: 'auto',
        replaced: 'drop',
      })
      expect(swapped.ok).toBe(true)
      for (const kind of kinds) {
        expect([kind.name, await contentOf(cluster, 'k', kind.name)]).toEqual([kind.name, content.get(kind.name)])
      }
      // What is loaded afterwards finds its partitions.
      if (content.has('bydate')) {
        cluster.execute("INSERT INTO k.bydate VALUES (9, '2026-02-01 10:00:00', 'new')")
        expect((await contentOf(cluster, 'k', 'bydate')).join()).toContain('p20260201')
      }
    }
  })

  test('every kind of table is restored in place', async () => {
    const cluster = await stage.cluster(`${name}-place`, { version })
    const points = await history(cluster, kinds, `p${version.replace('.', '')}`)
    for (const [at, { record, content }] of [...points.entries()].reverse()) {
      const result = await stage.restore({
        name: `${name}-place-${at}`,
        cluster: `${name}-place`,
        repository: REPOSITORY,
        from: { label: record.id },
        mode: 'in-place',
      })
      expect(result.ok).toBe(true)
      for (const kind of kinds) {
        expect([kind.name, await contentOf(cluster, 'k', kind.name)]).toEqual([kind.name, content.get(kind.name)])
      }
    }
  })
})
