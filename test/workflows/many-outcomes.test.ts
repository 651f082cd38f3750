import { expect, test } from 'vitest'
import { metadataDueSignal, migrationId } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { differences, scripted } from './support/script.ts'

const on = scripted()
const tables = Array.from({ length: 650 }, (_, i) => `shop.t${String(i).padStart(3, '0')}`)

test('a table that was settled is not parked any more, though a difference finds more than it tells', async () => {
  let settled: string[] = []
  const limits = { ddlBatch: 1000 }
  await on.begin(
    { name: 'many', limits },
    {
      listDifferences: async () => differences(...tables.filter((table) => !settled.includes(table))),
      alignTables: async (input) =>
        input.tables.map((table) => ({ table, outcome: 'refused', reason: 'no', statements: [], undo: [] })),
    },
  )
  const parked = async () => (await on.starferry.parked('many')).map(({ table }) => table)
  await until('all that is told is parked', async () => (await parked()).length === 500)
  await until('the difference is over', async () => (await on.status()).definitionsCheckedAt)
  settled = ['shop.t007']
  await on.temporal.client.workflow.getHandle(migrationId('many')).signal(metadataDueSignal)
  await until('it is not parked', async () => !(await parked()).includes('shop.t007'))
  expect((await on.status()).tables.parked).toBe(500)
})
