import { afterEach } from 'vitest'
import { LabMigration, type LabMigrationOptions } from '../../support/lab-migration.ts'
import { accessTo } from '../../support/lab-worker.ts'
import { type OnTemporal, onTemporal } from '../../support/on-temporal.ts'

export interface Stage extends OnTemporal {
  /** Two clusters of 3.5 (unless said otherwise) with `shop.t0 … t<n−1>` of ten rows each at the source; ended after the test. */
  migration(options: Partial<LabMigrationOptions> & { name: string }, tables?: number): Promise<LabMigration>
}

/** A Temporal server and a worker for the tests of one file. */
export function stage(): Stage {
  const on = onTemporal()
  const open: LabMigration[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((migration) => migration.stop()))
  })
  return {
    get temporal() {
      return on.temporal
    },
    get worker() {
      return on.worker
    },
    async replaceWorker() {
      await on.replaceWorker()
      for (const { source, target } of open) {
        on.worker.configure({ [source.state.name]: accessTo(source), [target.state.name]: accessTo(target) })
      }
    },
    async migration(options, tables = 3) {
      const clusters = { source: { version: '3.5' as const }, target: { version: '3.5' as const } }
      const migration = await LabMigration.prepare({ ...clusters, ...options }, on.temporal, on.worker)
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
