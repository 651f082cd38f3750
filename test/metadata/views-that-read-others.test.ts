import { afterEach, expect, test } from 'vitest'
import { LabPair } from './lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

test('a view that reads what is neither selected nor on the target is refused with what to do', async () => {
  pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
  for (const database of ['shop', 'logs']) {
    pair.source.execute(`CREATE DATABASE ${database}`)
    pair.source.execute(
      `CREATE TABLE ${database}.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    )
  }
  pair.source.execute('CREATE VIEW shop.v AS SELECT a.id FROM shop.t a JOIN logs.t b ON a.id = b.id')
  const spec = pair.spec({ include: ['shop'] })
  await pair.align(spec)
  const [refused] = await pair.alignViews(spec)
  expect(refused).toMatchObject({
    table: 'shop.v',
    outcome: 'refused',
    reason: 'it reads logs.t, which is neither selected nor on the target; include that, or exclude the view',
  })
  await pair.align(pair.spec())
  expect(await pair.alignViews(pair.spec())).toMatchObject([{ table: 'shop.v', outcome: 'created' }])
})
