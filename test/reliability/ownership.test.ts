import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabCluster, LabRunMode, LabVersion } from '../../lab/index.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'

let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

const TABLE = '(id INT NOT NULL, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2'
const PARTITIONED = (bounds: string) =>
  `(id INT NOT NULL, v STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (${bounds}) DISTRIBUTED BY HASH(id) BUCKETS 2`

/** What somebody has on the target that the source would like to see replaced, in every way that there is. */
const OTHERS: { table: string; source: string[]; target: string[] }[] = [
  {
    table: 'app.behind',
    source: [`CREATE TABLE app.behind ${TABLE}`, ...inserts('app.behind', 3, 'source')],
    target: [`CREATE TABLE app.behind ${TABLE}`, ...inserts('app.behind', 1, 'target')],
  },
  {
    table: 'app.level',
    source: [`CREATE TABLE app.level ${TABLE}`, ...inserts('app.level', 2, 'source')],
    target: [`CREATE TABLE app.level ${TABLE}`, ...inserts('app.level', 2, 'target')],
  },
  {
    table: 'app.ahead',
    source: [`CREATE TABLE app.ahead ${TABLE}`, ...inserts('app.ahead', 1, 'source')],
    target: [`CREATE TABLE app.ahead ${TABLE}`, ...inserts('app.ahead', 4, 'target')],
  },
  {
    table: 'app.shape',
    source: [
      'CREATE TABLE app.shape (id INT NOT NULL, v STRING, more INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2',
      "INSERT INTO app.shape VALUES (1, 'source', 1)",
    ],
    target: [`CREATE TABLE app.shape ${TABLE}`, ...inserts('app.shape', 1, 'target')],
  },
  {
    table: 'app.part',
    source: [
      `CREATE TABLE app.part ${PARTITIONED('PARTITION p1 VALUES LESS THAN ("100")')}`,
      "INSERT INTO app.part VALUES (1, 'source')",
    ],
    target: [
      `CREATE TABLE app.part ${PARTITIONED('PARTITION p1 VALUES LESS THAN ("100"), PARTITION p2 VALUES LESS THAN ("200")')}`,
      "INSERT INTO app.part VALUES (150, 'target')",
    ],
  },
  {
    table: 'app.only',
    source: [],
    target: [`CREATE TABLE app.only ${TABLE}`, ...inserts('app.only', 2, 'target')],
  },
]

function inserts(table: string, times: number, by: string): string[] {
  return Array.from({ length: times }, (_, i) => `INSERT INTO ${table} VALUES (${i}, '${by}')`)
}

/** What a client reads of what the target's own loads wrote. */
function rowsOfOthers(target: LabCluster): Record<string, string[]> {
  return Object.fromEntries(
    OTHERS.map(({ table }) => [
      table,
      target
        .execute(`SELECT * FROM ${table}`)
        .rows.filter((row) => String(row[1]) === 'target')
        .map((row) => row.map(String).join('|'))
        .sort(),
    ]),
  )
}

const PAIRS: { to: LabVersion; from: LabVersion; mode?: LabRunMode; pair: string }[] = [
  { from: '3.5', to: '3.5', pair: '3.5 to 3.5' },
  { from: '3.3', to: '4.1', mode: 'shared_data', pair: '3.3 to 4.1 shared-data' },
  { from: '3.1', to: '3.1', pair: '3.1 to 3.1' },
]

describe.concurrent('what a load wrote to the target is not dropped unless somebody allows it', () => {
  it.each(PAIRS)('$pair', async ({ from, to, mode }) => {
    const migration = await LabMigration.prepare(
      {
        name: `others-${from}-${to}`,
        source: { version: from },
        target: { version: to, runMode: mode },
        spec: { parkAfter: 2 },
      },
      temporal,
      worker,
    )
    const { source, target, starferry, name } = migration
    try {
      migration.fill(plainTables(3))
      target.execute('CREATE DATABASE app')
      for (const other of OTHERS) {
        for (const sql of other.source) source.execute(withProperties(sql))
        for (const sql of other.target) target.execute(withProperties(sql))
      }
      const before = rowsOfOthers(target)
      await migration.start()
      const blocked = OTHERS.filter(({ source }) => source.length > 0).map(({ table }) => table)
      await migration.untilStatus('what belongs to others waits for approval', async () => {
        const parked = await starferry.parked(name)
        return blocked.every((table) => parked.some((one) => one.table === table && one.needsApproval))
      })
      await migration.untilStatus(
        'the rest is copied',
        () => migration.compare(['app.t1', 'app.t2', 'app.t3']).differing.length === 0,
      )
      // Further differences and retries come to the same.
      const { checkedAt } = await migration.status()
      await migration.untilStatus(
        'some looks more',
        (status) => Date.parse(status.checkedAt ?? '') > Date.parse(checkedAt ?? '') + 6_000,
      )
      expect(rowsOfOthers(target)).toEqual(before)
      for (const { table, statements, reason } of await starferry.parked(name)) {
        expect(statements, `${table}: ${reason}`).not.toEqual([])
      }
      expect((await migration.status()).progress).toBeLessThan(1)

      // Approved for two of them, that and nothing else happens.
      const answer = await starferry.approve(name, ['app.behind', 'app.shape'])
      expect(answer.accepted.sort()).toEqual(['app.behind', 'app.shape'])
      await migration.untilStatus(
        'what was approved is copied',
        () => migration.compare(['app.behind', 'app.shape']).differing.length === 0,
      )
      const after = rowsOfOthers(target)
      expect(after).toEqual({ ...before, 'app.behind': [], 'app.shape': [] })
    } finally {
      await migration.stop()
    }
  })
})

const withProperties = (sql: string) =>
  sql.startsWith('CREATE TABLE') ? `${sql} PROPERTIES ("replication_num" = "1")` : sql
