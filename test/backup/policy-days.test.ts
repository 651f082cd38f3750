import { ScheduleOverlapPolicy } from '@temporalio/client'
import { expect, test } from 'vitest'
import { putPolicy, showPolicy } from '../../client/policies.ts'
import type { BackupSetResult } from '../../contract/backup/backup-api.ts'
import type { PolicySpecInput } from '../../contract/backup/policy.ts'
import { until } from '../support/until.ts'
import { webhook } from '../support/webhook.ts'
import { backupStage, REPOSITORY } from './support/backup-stage.ts'

const stage = backupStage()
const DAYS = ['01', '02', '03', '04', '05', '06']

const hook = webhook<{ event: string; warnings: string[] }>()

/** A table with a partition for each of these days of March. */
const daily = (name: string, days: readonly string[]) => {
  const partitions = days.map(
    (day) => `PARTITION p${day} VALUES LESS THAN ("2026-03-${String(Number(day) + 1).padStart(2, '0')}")`,
  )
  return `CREATE TABLE ${name} (d DATE NOT NULL) DUPLICATE KEY(d) PARTITION BY RANGE(d) (${partitions.join(', ')}) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ("replication_num" = "1")`
}

/** What the policy's Schedule makes of a time when it was due. */
async function dueAt(policy: string, iso: string): Promise<BackupSetResult> {
  const { client } = stage.temporal
  const at = new Date(iso)
  const before = (await showPolicy(client, policy)).recent.length
  await client.schedule.getHandle(`policy/${policy}`).backfill({
    start: new Date(at.getTime() - 60_000),
    end: new Date(at.getTime() + 60_000),
    overlap: ScheduleOverlapPolicy.ALLOW_ALL,
  })
  const started = await until('it is started', async () => {
    const { recent } = await showPolicy(client, policy)
    return recent.length > before ? recent[0]?.workflowId : undefined
  })
  return client.workflow.getHandle(started).result()
}

test('days count from when the set was due; what was missed is taken as well; a filter that takes nothing is told and is no good backup', async () => {
  const cluster = await stage.cluster()
  for (const database of ['shop', 'gone']) cluster.execute(`CREATE DATABASE ${database}`)
  cluster.execute(daily('shop.events', DAYS))
  cluster.execute(daily('shop.orders', ['01', '02']))
  cluster.execute(daily('gone.orders', ['01', '02']))
  const policy: PolicySpecInput = {
    name: 'days',
    cluster: cluster.state.name,
    repository: REPOSITORY,
    objects: { databases: ['shop', 'gone'], partitions: { ofDay: -1, closed: true } },
    // Half an hour before midnight in Berlin: the set itself runs on another day, of another year.
    schedule: { cron: '30 23 * * *', timeZone: 'Europe/Berlin' },
    verify: { mode: 'off', rowCounts: 'off' },
    notify: { webhook: hook.url, on: ['warning'] },
    paused: true,
  }
  await putPolicy(stage.temporal.client, policy)
  const first = await dueAt('days', '2026-03-03T22:30:00Z')
  expect(first).toMatchObject({ ok: true, warnings: [] })
  const held = async (result: BackupSetResult, database: string) => {
    const record = await stage.record(result.backups.find((one) => one.database === database)?.id ?? '')
    const tables = Object.entries(record.tables).map(([name, { partitions }]) => `${name}: ${Object.keys(partitions)}`)
    return { record, tables: tables.sort() }
  }
  const one = await held(first, 'shop')
  expect(one.tables).toEqual(['events: p02', 'orders: p02'])
  expect(one.record.due).toBe('2026-03-03T22:30:00.000Z')
  expect(hook.told).toEqual([])

  // Two nights were missed.
  const second = await dueAt('days', '2026-03-06T22:30:00Z')
  const two = await held(second, 'shop')
  expect(two.tables).toEqual(['events: p03,p04,p05'])
  const warnings = second.warnings.join('\n')
  expect(warnings).toMatch(/shop: Backups that were due before were not made: .*: shop\.events\.p03, shop\.events\.p04/)
  expect(warnings).toMatch(/shop: The partition filter .*takes nothing of shop\.orders: this is no good backup/)
  expect(warnings).toMatch(/gone: The partition filter .*takes nothing of gone\.orders/)
  expect(hook.told).toMatchObject([{ body: { event: 'warning', warnings: second.warnings } }])
  expect(two.record.lacking).toEqual({ orders: { reason: expect.any(String), since: '2026-03-03T22:30:00.000Z' } })

  // Of a database of which nothing is taken there is no record that could pass for the newest backup.
  expect(second.backups.find(({ database }) => database === 'gone')).toMatchObject({ kind: 'nothing', id: '' })
  const { heads } = await (await stage.objects()).heads()
  expect(heads.filter(({ name, database }) => name === 'days' && database === 'gone')).toHaveLength(1)

  // Partitions that were made late are not lost either.
  for (const day of ['03', '04', '05', '06'])
    for (const database of ['shop', 'gone'])
      cluster.execute(
        `ALTER TABLE ${database}.orders ADD PARTITION p${day} VALUES LESS THAN ("2026-03-0${Number(day) + 1}")`,
      )
  const third = await dueAt('days', '2026-03-07T22:30:00Z')
  expect((await held(third, 'shop')).tables).toEqual(['events: p06', 'orders: p03,p04,p05,p06'])
  expect((await held(third, 'gone')).tables).toEqual(['orders: p03,p04,p05,p06'])
  expect(third.warnings.join()).not.toMatch(/too long ago/)

  // There is an end to it, and that is told.
  cluster.execute(`ALTER TABLE shop.events ADD PARTITION may VALUES [("2026-05-19"), ("2026-05-20"))`)
  const fourth = await dueAt('days', '2026-05-20T21:30:00Z')
  expect((await held(fourth, 'shop')).tables).toEqual(['events: may'])
  const late = fourth.warnings.join('\n')
  expect(late).toMatch(/too long ago to be made up for: shop\.events from 2026-03-07 23:30:00 to 2026-04-19 23:30:00/)
  expect(late).toMatch(/there is no partition, or no longer, .*: shop\.events for 2026-04-20 23:30:00/)
})
