import { describe, expect, test } from 'vitest'
import type { CompanionApplied, CompanionInput, CompanionPage } from '../../contract/backup/companion-api.ts'
import type { BackupDoctorInput } from '../../contract/backup/doctor-api.ts'
import { policySchema } from '../../contract/backup/policy.ts'
import type { DoctorResult } from '../../contract/findings.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { webhook } from '../support/webhook.ts'

const stage = backupStage()
const TABLE = `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

const hook = webhook<Record<string, unknown>>()

async function shop() {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(`CREATE TABLE shop.t ${TABLE}`)
  cluster.execute('INSERT INTO shop.t VALUES (1)')
  cluster.execute('CREATE VIEW shop.w AS SELECT id FROM shop.t')
  cluster.execute('CREATE ROLE reader')
  return cluster
}

let runs = 0
const run = <I, O>(type: string, input: I): Promise<O> =>
  stage.temporal.client.workflow.execute<(input: I) => Promise<O>>(type, {
    workflowId: `${type}/${++runs}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  })

describe('a set of backups', () => {
  test('is refused for what is fatal, before anything is sent; somebody is told', async () => {
    const cluster = await shop()
    const webhook = hook.url
    const spec = policySchema.parse({
      name: 'refused',
      cluster: cluster.state.name,
      repository: REPOSITORY,
      objects: { databases: ['crm_*'] },
      schedule: { everyMinutes: 60 },
      notify: { webhook, on: ['failure'] },
    })
    const running = await stage.startSet({ spec })
    await expect(running.result()).rejects.toMatchObject({
      cause: { type: 'Refused', message: expect.stringContaining('(nothing-selected)') },
    })
    expect(cluster.backupJobs).toEqual([])
    expect(hook.told.at(-1)?.body).toMatchObject({
      event: 'failure',
      policy: 'refused',
      text: expect.stringContaining('nothing-selected'),
    })
  })

  test('goes on over warnings and what is to be ignored, and notes them', async () => {
    const cluster = await shop()
    cluster.faults.inject({ kind: 'disk-usage', node: 0, percent: 93 })
    const objects = { databases: ['shop', 'nope'] }
    const spec = stage.spec(cluster, { objects, ignore: ['database-missing'] })
    const running = await stage.startSet({ spec })
    const done = await running.result()
    expect(done.backups.map(({ database }) => database)).toEqual(['shop'])
    expect(done.failed).toEqual([{ database: 'nope', reason: expect.stringContaining('no such database') }])
    expect(done.warnings.join()).toContain('93 % full')
  })
})

describe('the companion of a backup', () => {
  test('is saved with it, printed, and run', async () => {
    const cluster = await shop()
    const backup = await stage.backup(stage.spec(cluster, { objects: { databases: ['shop'] } }), 'shop')
    const page = await run<CompanionInput, CompanionPage>('companion', {
      op: 'print',
      repository: REPOSITORY,
      id: backup.id,
    })
    expect(page.text).toContain('CREATE VIEW IF NOT EXISTS `shop`.`w`')
    expect(page.text).toContain('CREATE ROLE IF NOT EXISTS `reader`')
    cluster.execute('DROP VIEW shop.w')
    cluster.execute('DROP ROLE reader')
    const applied = await run<CompanionInput, CompanionApplied>('companion', {
      op: 'apply',
      repository: REPOSITORY,
      id: backup.id,
      cluster: cluster.state.name,
    })
    expect(applied).toMatchObject({ ok: true, failed: [] })
    expect(cluster.execute('SHOW CREATE VIEW shop.w').rows.length).toBe(1)
    expect(JSON.stringify(cluster.execute('SHOW ROLES').rows)).toContain('reader')
  })

  test('is asked for in vain: one clear error', async () => {
    await shop()
    const asked = run<unknown, unknown>('companion', { op: 'print', repository: REPOSITORY, id: 'nothing' })
    await expect(asked).rejects.toMatchObject({
      cause: { cause: { message: expect.stringContaining('has no companion file') } },
    })
    const wrong = run<unknown, unknown>('companion', { op: 'print', repo: REPOSITORY, id: 'x' })
    await expect(wrong).rejects.toMatchObject({ cause: { message: expect.stringContaining("unknown key 'repo'") } })
  })
})

describe('the doctor', () => {
  test('looks at a backup and at a restore', async () => {
    const cluster = await shop()
    const spec = stage.spec(cluster, { objects: { databases: ['shop'] } })
    const first = await run<BackupDoctorInput, DoctorResult>('backupDoctor', { backup: spec })
    expect(first).toMatchObject({ ok: true, facts: { tables: '1' } })
    const { id } = await stage.backup(spec, 'shop')
    const restore = {
      name: 'rescue',
      cluster: cluster.state.name,
      repository: REPOSITORY,
      from: { label: id },
      tables: ['t'],
    }
    const second = await run<BackupDoctorInput, DoctorResult>('backupDoctor', { restore })
    expect(second).toMatchObject({ ok: true, facts: { backup: id, tables: '1' } })
    await expect(run('backupDoctor', {})).rejects.toMatchObject({
      cause: { message: expect.stringContaining('give either') },
    })
  })
})
