import { afterEach, describe, expect, test } from 'vitest'
import { fill, LabPair, layout } from './lab-pair.ts'

let pair: LabPair | undefined
afterEach(async () => {
  await pair?.stop()
  pair = undefined
})

describe('the schema of forty odd tables arrives exactly', () => {
  test.each([
    [{ version: '3.3' }, { version: '3.5' }],
    [{ version: '3.1' }, { version: '3.5' }],
    [{ version: '3.5' }, { version: '4.1' }],
    [{ version: '3.5' }, { version: '4.1', runMode: 'shared_data' }],
    [{ version: '3.5' }, { version: '3.3' }],
  ] as const)('%j → %j', async (source, target) => {
    pair = await LabPair.start(source, target)
    const scenario = fill(pair.source)
    const spec = pair.spec()
    const names = scenario.tables.map(({ db, name }) => `${db}.${name}`)

    const outcomes = await pair.align(spec)
    const by = (kind: string) => outcomes.filter(({ outcome }) => outcome === kind)
    const refused = new Set(by('refused').map(({ table }) => table))
    expect(by('failed').concat(by('waiting'), by('needs-approval'))).toEqual([])
    expect(
      [...refused]
        .filter((table) => names.includes(table))
        .map((table) => [table, outcomes.find((o) => o.table === table)?.reason]),
    ).toEqual([])
    expect(refused).toContain('shop.ext_mysql')

    for (const { db, name } of scenario.tables) {
      expect([name, layout(pair.target, db, name)]).toEqual([name, layout(pair.source, db, name)])
    }

    // Looked at again, nothing is left but what cannot be copied.
    const again = await pair.differences(spec)
    expect(again.different).toEqual([...refused].sort())
    expect(again.counts).toMatchObject({
      sourceTables: names.length + refused.size,
      alignedTables: names.length,
      differentTables: 0,
    })
    const twice = await pair.run(pair.metadata.alignTables, { spec, tables: names, approved: [] })
    expect(twice.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])

    const views = await pair.run(pair.metadata.alignViews, { spec, approved: [] })
    expect(views.map(({ table, outcome, reason }) => [table, outcome, reason])).toEqual(
      expect.arrayContaining(
        [...scenario.views, ...scenario.materializedViews].map(({ db, name }) => [
          `${db}.${name}`,
          'created',
          expect.anything(),
        ]),
      ),
    )
    expect(await pair.run(pair.metadata.alignViews, { spec, approved: [] })).toEqual([])
  })
})
