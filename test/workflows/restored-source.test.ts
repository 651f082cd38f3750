import { afterAll, beforeAll, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { LabTable } from '../../lab/index.ts'
import { attach, backUp, restore } from '../lab/support/lab-repository.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

let s3: S3Server
beforeAll(async () => {
  s3 = await startTestS3()
})
afterAll(() => s3?.stop())

test('a partition that the source restored in place is copied anew, though its data version stayed where it was', async () => {
  const migration = await on.migration({ name: 'restored', source: { version: '3.3' } }, 1)
  const { source } = migration
  for (let i = 0; i < 3; i++) insert(migration, 't0')
  await migration.start()
  await migration.settled()
  const table = source.state.databases.get('shop')?.objects.get('t0') as LabTable
  const physical = table.partitions[0]?.physical[0]
  if (!physical) throw new Error('t0 has no partition')
  // As 3.3 leaves it: the rows and the visible version are the snapshot's, epoch and data version are not touched.
  const before = physical.visibleVersion - 1n
  for (const tablets of physical.tablets.values()) {
    for (const tablet of tablets) {
      tablet.rows = tablet.rows.filter((row) => row.since <= before)
      for (const replica of tablet.replicas) replica.version = before
    }
  }
  Object.assign(physical, { visibleVersion: before, committedVersion: before, oldestVersion: physical.dataVersion })
  await migration.settled()
  insert(migration, 't0')
  await migration.settled()
  expect(migration.compare().rowsDifferent).toBe(0)
  expect(physical.visibleVersion).not.toBe(physical.dataVersion)
})

test('partitions that were restored while the migration was paused are copied anew, whatever version loads brought them to', async () => {
  const migration = await on.migration({ name: 'restored-unseen' }, 3)
  const { source, starferry, name } = migration
  const load = (table: string, times: number) => {
    for (let i = 0; i < times; i++) insert(migration, table)
  }
  const version = (table: string) => {
    const found = source.state.databases.get('shop')?.objects.get(table) as LabTable
    return found.partitions[0]?.physical[0]?.visibleVersion
  }
  await attach(source, s3, 'repo')
  await backUp(source, 'repo', 'before', 'BACKUP SNAPSHOT shop.before TO repo ON (t0, t1)')
  for (const table of ['t0', 't1', 't2']) load(table, 2)
  await migration.start()
  await migration.caughtUp()
  const sent = migration.jobs.sent
  await starferry.pause(name)
  await migration.untilStatus('paused', ({ state }) => state === 'paused')
  const row = await restore(source, 'repo', 'before', 'RESTORE SNAPSHOT shop.before FROM repo ON (t0, t1)')
  expect(row.State).toBe('FINISHED')
  expect(version('t0')).toBe(2n)
  // Past the version of the copy, and exactly to it.
  load('t0', 5)
  load('t1', 2)
  expect(version('t1')).toBe(version('t2'))
  await starferry.resume(name)
  await migration.caughtUp()
  expect(migration.compare().differing).toEqual([])
  expect(migration.jobs.sent - sent).toBe(2)
})
