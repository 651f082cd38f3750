import { afterEach, beforeEach, expect, test } from 'vitest'
import { StepPair } from './support/step-pair.ts'

const TABLE = `CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id)
  DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

let pair: StepPair
beforeEach(async () => {
  pair = await StepPair.start()
  pair.make(TABLE)
  pair.source.execute('INSERT INTO app.t VALUES (1, 1)')
})
afterEach(() => pair.stop())

const copied = () => pair.target.execute('SELECT * FROM app.t ORDER BY id').rows.map(String)

test('a comment on a column during a job throws nothing away', async () => {
  pair.target.faults.inject({
    kind: 'during-job',
    state: 'REPLICATING',
    times: 1,
    run: () => {
      pair.source.execute("ALTER TABLE app.t MODIFY COLUMN v COMMENT 'x'")
    },
  })
  expect(await pair.step('app.t')).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,1'])
})

test('a step right after its table was made again finds the new one', async () => {
  expect(await pair.step('app.t')).toMatchObject({ state: 'in-sync' })
  pair.source.execute('ALTER TABLE app.t RENAME COLUMN v TO w')
  pair.source.execute('INSERT INTO app.t VALUES (2, 2)')
  const spec = pair.lab.spec({ allow: { renamedColumns: true } })
  await expect(pair.step('app.t', { spec })).rejects.toMatchObject({ type: 'Stale' })
  const aligned = await pair.lab.run(pair.lab.metadata.alignTables, { spec, tables: ['app.t'] })
  expect(aligned).toMatchObject([{ outcome: 'recreated' }])
  expect(await pair.step('app.t', { spec })).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,1', '2,2'])
})
