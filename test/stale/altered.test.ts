import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookAtTables } from '../../activities/stale/look.ts'
import { type TableReport, tableWorkflowId } from '../../contract/index.ts'
import { LabPair } from '../metadata/lab-pair.ts'

let lab: LabPair
beforeAll(async () => {
  lab = await LabPair.start({ version: '3.5' }, { version: '3.5' })
})
afterAll(() => lab.stop())

test('a table whose columns changed lags until rounds have compared them; those that ended otherwise tell nothing', async () => {
  for (const side of [lab.source, lab.target]) {
    side.execute('CREATE DATABASE app')
    side.execute(
      'CREATE TABLE app.t (id INT, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    )
  }
  let round = 0
  let outcome: TableReport['outcome'] = 'in-sync'
  /** Every round remembers a mark that the listing does not fit. */
  const client = {
    workflow: {
      list: async function* () {
        yield { workflowId: tableWorkflowId(lab.spec().name, 'app.t'), runId: `round ${round}` }
      },
      getHandle: () => ({ result: async () => ({ outcome, schema: '1-0-0badcafe' }) }),
    },
  }
  const deps = { ...lab.deps, client: client as unknown as Client }
  const isBehind = async () => {
    const { lags } = await lookAtTables(deps, lab.spec(), { fresh: true })
    return lags.some(({ table, laggingPartitions }) => table === 'app.t' && laggingPartitions > 0)
  }
  expect(await isBehind()).toBe(false)
  lab.source.execute('ALTER TABLE app.t ADD COLUMN y INT')
  expect(await isBehind()).toBe(true)
  for (outcome of ['refused', 'waiting', 'failed', 'stopped', 'needs-approval'] as const) {
    round++
    expect(await isBehind()).toBe(true)
  }
  for (const behind of [true, false]) {
    round++
    outcome = 'in-sync'
    expect(await isBehind()).toBe(behind)
  }
})
