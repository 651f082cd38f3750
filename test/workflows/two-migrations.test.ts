import { describe, expect, test } from 'vitest'
import { migrationSpecSchema } from '../../contract/index.ts'
import { stage } from './support/stage.ts'

const on = stage()

describe('another migration that copies into the same tables', () => {
  test('is told before the second is started: fatal with another source', async () => {
    const migration = await on.migration({ name: 'taken' }, 2)
    await migration.start()
    await migration.caughtUp()
    const taken = async (part: object) => {
      const spec = migrationSpecSchema.parse({ ...migration.spec, name: 'second', ...part })
      const { findings } = await migration.starferry.doctor(spec)
      return findings.find(({ code }) => code === 'tables-taken')
    }
    expect(await taken({})).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/migration taken runs and copies into shop\.t0, shop\.t1 as well/),
    })
    expect(await taken({ name: 'taken' })).toBeUndefined()
    expect(await taken({ rename: { databases: { shop: 'shop2' } } })).toBeUndefined()
    expect((await taken({ include: ['shop.t1'] }))?.message).not.toContain('shop.t0')
    const other = await on.migration({ name: 'other' }, 1)
    expect(await taken({ source: other.source.state.name })).toMatchObject({ level: 'fatal' })
    await migration.starferry.stop('taken')
    await migration.starferry.result('taken')
    expect(await taken({})).toBeUndefined()
  })
})
