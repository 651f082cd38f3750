import { afterAll, afterEach, beforeAll } from 'vitest'
import { LabMigration, type LabMigrationOptions } from '../../support/lab-migration.ts'
import { accessTo, LabWorker } from '../../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../../support/temporal.ts'

export interface Stage {
  readonly temporal: TestTemporal
  readonly worker: LabWorker
  /** Ends the worker as a deploy does, and starts another. */
  replaceWorker(): Promise<void>
  /** Two clusters of 3.5 (unless said otherwise) with `shop.t0 … t<n−1>` of ten rows each at the source; ended after the test. */
  migration(options: Partial<LabMigrationOptions> & { name: string }, tables?: number): Promise<LabMigration>
}

/** A Temporal server and a worker for the tests of one file. */
export function stage(): Stage {
  let temporal: TestTemporal
  let worker: LabWorker
  const open: LabMigration[] = []
  beforeAll(async () => {
    temporal = await startTemporal()
    worker = await LabWorker.start(temporal)
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((migration) => migration.stop()))
  })
  afterAll(async () => {
    await worker?.stop()
    await temporal?.stop()
  })
  return {
    get temporal() {
      return temporal
    },
    get worker() {
      return worker
    },
    async replaceWorker() {
      await worker.stop()
      worker = await LabWorker.start(temporal)
      for (const { source, target } of open) {
        worker.configure({ [source.state.name]: accessTo(source), [target.state.name]: accessTo(target) })
      }
    },
    async migration(options, tables = 3) {
      const clusters = { source: { version: '3.5' as const }, target: { version: '3.5' as const } }
      const migration = await LabMigration.prepare({ ...clusters, ...options }, temporal, worker)
      open.push(migration)
      makeTables(migration, tables)
      return migration
    },
  }
}

const BODY = `(id INT, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

export function makeTables({ source }: Pick<LabMigration, 'source'>, count: number): void {
  source.execute('CREATE DATABASE shop')
  for (let i = 0; i < count; i++) {
    source.execute(`CREATE TABLE shop.t${i} ${BODY}`)
    insert({ source }, `t${i}`)
  }
}

let next = 0

/** Ten new rows. */
export function insert({ source }: Pick<LabMigration, 'source'>, table: string): void {
  const rows = Array.from({ length: 10 }, () => `(${++next}, 'row ${next}')`)
  source.execute(`INSERT INTO shop.${table} VALUES ${rows.join(', ')}`)
}
