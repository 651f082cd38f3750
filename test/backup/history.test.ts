import { describe, expect, test } from 'vitest'
import { type DatabasePicture, seededHistory } from '../support/backup-history.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage({ sideBySide: true })

/** What a record tells of a picture: tables, columns of partitions, rows. */
function pictured(picture: DatabasePicture) {
  return Object.fromEntries(
    Object.entries(picture).map(([name, { partitions }]) => [
      name,
      Object.fromEntries(
        Object.entries(partitions).map(([one, { value, buckets, rows }]) => [
          one,
          { value, buckets: Number(buckets), rows: String(rows.length) },
        ]),
      ),
    ]),
  )
}

describe.concurrent('a life of changes', () => {
  test.each([
    [1, 'differential'],
    [2, 'incremental'],
    [3, 'differential'],
    [4, 'incremental'],
  ] as const)(
    'seed %i, %s: each record tells every table, partition, value and row of its moment',
    async (seed, incremental) => {
      const cluster = await stage.cluster({ timeFactor: 300 })
      const spec = stage.spec(cluster, { name: `life${seed}`, objects: { databases: [`life${seed}`] }, incremental })
      const history = await seededHistory({
        cluster,
        database: `life${seed}`,
        seed,
        points: 6,
        backup: () => stage.backup(spec, `life${seed}`),
      })
      const kinds = new Set(
        history.flatMap(({ statements }) => statements.map((sql) => sql.split(' ').slice(0, 2).join(' '))),
      )
      expect(kinds.size).toBeGreaterThan(3)
      for (const { result, picture } of history) {
        const record = await stage.record(result.id)
        const told = Object.fromEntries(
          Object.entries(record.tables).map(([name, { partitions }]) => [
            name,
            Object.fromEntries(
              Object.entries(partitions).map(([one, { value = '', buckets, rows }]) => [one, { value, buckets, rows }]),
            ),
          ]),
        )
        expect(told).toEqual(pictured(picture))
      }
      // One snapshot for each backup that had anything to take.
      const sent = history.filter(({ result }) => result.labels.length > 0)
      expect(cluster.backupJobs).toHaveLength(sent.length)
    },
  )
})
