import { expect, test } from 'vitest'
import { OFTEN } from '../support/lab-migration.ts'
import { until } from '../support/until.ts'
import { stage } from './support/stage.ts'

const on = stage()

// Most of what is waited for here comes with a difference, and is not waited for by a status.
const spec = { intervals: OFTEN }

test('a view of somebody else waits for an approval; a copy follows the source without one', async () => {
  const migration = await on.migration({ name: 'views', spec }, 1)
  const { source, target, starferry, name } = migration
  for (const view of ['mine', 'copied']) source.execute(`CREATE VIEW shop.${view} AS SELECT id FROM shop.t0`)
  target.execute('CREATE DATABASE shop')
  target.execute('CREATE VIEW shop.mine AS SELECT 1 AS one')
  const views = () => target.state.databases.get('shop')?.objects
  const text = (view: string) =>
    views()?.has(view) ? String(target.execute(`SHOW CREATE VIEW shop.${view}`).rows[0]?.[1]) : ''
  await migration.start()
  const waiting = await until('it asks', async () =>
    (await starferry.parked(name)).find(({ table, needsApproval }) => table === 'shop.mine' && needsApproval),
  )
  expect(waiting.reason).toContain('never seen to be a copy')
  expect(text('mine')).toContain('one')

  await until('the copy is there', () => views()?.has('copied'))
  await starferry.pause(name)
  await starferry.resume(name)
  source.execute('ALTER VIEW shop.copied AS SELECT v FROM shop.t0')
  await until('the copy follows', () => text('copied').includes('`v`'))
  expect(text('mine')).toContain('one')

  expect(await starferry.approve(name, ['shop.mine'])).toMatchObject({ accepted: ['shop.mine'] })
  await until('it is made again', () => text('mine').includes('`id`'))
  await migration.caughtUp()
  expect((await starferry.changes(name)).done.map(({ outcome, table }) => `${outcome} ${table}`)).toEqual(
    expect.arrayContaining(['recreated shop.mine', 'recreated shop.copied']),
  )
})

test('views and databases that the source dropped are told, and go when that is approved', async () => {
  const migration = await on.migration({ name: 'dropped', spec }, 1)
  const { source, target, starferry, name } = migration
  for (const sql of ['CREATE VIEW shop.v AS SELECT id FROM shop.t0', 'CREATE DATABASE side']) source.execute(sql)
  source.execute('CREATE VIEW side.w AS SELECT id FROM shop.t0')
  await migration.start()
  await migration.caughtUp()
  // From the difference after the one that made it on it is known that the source had it.
  const isKnown = (since: string) => async () => ((await starferry.status(name)).definitionsCheckedAt ?? '') > since
  await until('another difference', isKnown(new Date().toISOString()))

  for (const sql of ['DROP VIEW shop.v', 'DROP DATABASE side']) source.execute(sql)
  const asked = (table: string) => async () =>
    (await starferry.parked(name)).find((one) => one.table === table && one.needsApproval)
  const view = await until('it asks about the view', asked('shop.v'))
  expect(view.statements.at(-1)).toBe('DROP VIEW IF EXISTS `shop`.`v`')
  expect((await until('it asks about the database', asked('side.*'))).statements).toEqual([
    'DROP DATABASE IF EXISTS `side`',
  ])
  await migration.untilStatus('nothing is hidden', ({ state, tables }) => state !== 'caughtUp' && tables.parked === 2)

  await starferry.approve(name, ['shop.v', 'side.*'])
  await migration.caughtUp()
  expect([...target.state.databases.keys()]).not.toContain('side')
  expect(target.state.databases.get('shop')?.objects.has('v')).toBe(false)
})
