import { afterEach, describe, expect, test } from 'vitest'
import { fill, LabPair, layout, realName } from './lab-pair.ts'

let pair: LabPair | undefined
afterEach(async () => {
  await pair?.stop()
  pair = undefined
})

describe('the schema of forty odd tables arrives exactly', () => {
  test.each([
    [{ version: '3.3' }, { version: '3.5' }, []],
    [{ version: '3.1' }, { version: '3.5' }, []],
    [{ version: '3.5' }, { version: '4.1' }, []],
    [{ version: '3.5' }, { version: '4.1', runMode: 'shared_data' }, []],
    [{ version: '4.1', runMode: 'shared_data' }, { version: '4.1', runMode: 'shared_data' }, []],
    // What the older target does not know is refused, and named.
    [{ version: '3.5' }, { version: '3.3' }, ['logs.trunc_week']],
  ] as const)('%j → %j', async (source, target, unknown) => {
    pair = await LabPair.start(source, target)
    const scenario = fill(pair.source)
    const spec = pair.spec()
    const refused = ['shop.ext_mysql', ...unknown].sort()
    const tables = scenario.tables
      .map(({ db, name }) => ({ db, name: realName(name), full: `${db}.${realName(name)}` }))
      .filter(({ full }) => !refused.includes(full))

    const outcomes = await pair.align(spec)
    expect(outcomes.filter(({ outcome }) => outcome !== 'created' && outcome !== 'refused')).toEqual([])
    const refusals = outcomes.filter(({ outcome }) => outcome === 'refused')
    expect(refusals.map(({ table }) => table)).toEqual(refused)
    for (const { reason } of refusals) expect(reason).toBeTruthy()

    for (const { db, name } of tables) {
      expect([name, layout(pair.target, db, name)]).toEqual([name, layout(pair.source, db, name)])
    }

    // Looked at again, nothing is left but what cannot be copied.
    const again = await pair.differences(spec)
    expect(again.different).toEqual(refused)
    expect(again.counts).toMatchObject({
      alignedTables: tables.length,
      differentTables: 0,
      refusedTables: refused.length,
    })
    const names = tables.map(({ full }) => full)
    const twice = await pair.run(pair.metadata.alignTables, { spec, tables: names })
    expect(twice.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])

    const views = await pair.alignViews(spec)
    const expected = [...scenario.views, ...scenario.materializedViews].map(({ db, name }) => `${db}.${name} created`)
    expect(views.map(({ table, outcome }) => `${table} ${outcome}`).sort()).toEqual(expected.sort())
    expect(await pair.alignViews(spec)).toEqual([])
  })
})
