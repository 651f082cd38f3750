import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnChanges } from '../../activities/pollers/column-changes.ts'
import { compareDefinitions } from '../../activities/replicate/definitions.ts'
import { markOf, momentOf, SchemaTrust } from '../../activities/replicate/schema-trust.ts'
import { openTable } from '../../activities/replicate/table-pair.ts'
import { lastChange } from '../../activities/stale/altered.ts'
import { indexSchemas } from '../../starrocks/index.ts'
import { LabPair } from '../metadata/lab-pair.ts'

let lab: LabPair
beforeAll(async () => {
  lab = await LabPair.start({ version: '3.3' }, { version: '3.5' })
})
afterAll(() => lab.stop())

test('of a copy of which nothing is remembered, nothing is believed after a change that was made a moment ago', async () => {
  const make =
    'CREATE TABLE app.t (id INT, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")'
  for (const side of [lab.source, lab.target]) {
    side.execute('CREATE DATABASE app')
    side.execute(make)
  }
  const spec = lab.spec({})
  const { cluster } = lab.deps.cluster(spec.source)
  /** As a step does it; `schema` says no more than that nothing is known of the copy. */
  const holds = async () => {
    const pair = await openTable(lab.deps, spec, 'app.t')
    if (!pair) throw new Error('no table')
    const input = { spec, table: 'app.t', jobPrefix: 'p', schema: 'nothing', changesBefore }
    const trust = new SchemaTrust({ deps: lab.deps, migrationPrefix: 'p' }, pair, input, [])
    const moment = momentOf(pair, await indexSchemas(cluster, pair.source.databaseId, pair.source.entry.id))
    return trust.holds(markOf(moment, await compareDefinitions(pair)))
  }
  await columnChanges(cluster, 'app', 0)
  const changesBefore = await lastChange(cluster, ['app'])
  expect(await holds()).toBe(true)
  lab.source.execute('ALTER TABLE app.t ADD COLUMN x INT')
  lab.source.execute('ALTER TABLE app.t DROP COLUMN v')
  lab.source.execute('ALTER TABLE app.t RENAME COLUMN x TO v')
  expect(await holds()).toBe(false)
})
