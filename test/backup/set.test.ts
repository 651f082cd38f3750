import { describe, expect, test } from 'vitest'
import { otherRuns } from '../../client/other-runs.ts'
import { backupStatusQuery, cancelSignal } from '../../contract/backup/backup-api.ts'
import { policySchema } from '../../contract/backup/policy.ts'
import { until } from '../support/until.ts'
import { webhook } from '../support/webhook.ts'
import { backupStage, REPOSITORY } from './support/backup-stage.ts'

const stage = backupStage()
const TABLE = `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

const hook = webhook<unknown>()

async function databases(count: number, options = {}) {
  const cluster = await stage.cluster(options)
  for (let i = 0; i < count; i++) {
    cluster.execute(`CREATE DATABASE d${i}`)
    cluster.execute(`CREATE TABLE d${i}.t ${TABLE}`)
    cluster.execute(`INSERT INTO d${i}.t VALUES (${i})`)
  }
  return cluster
}

describe('a set of databases', () => {
  test('side by side; one that fails stops no other, and somebody is told', async () => {
    const cluster = await databases(5)
    cluster.execute('CREATE DATABASE skipped')
    const address = hook.url
    hook.answers.push(503)
    const policy = policySchema.parse({
      name: 'side',
      cluster: cluster.state.name,
      repository: REPOSITORY,
      objects: { databases: ['d*', 'nope'], exclude: ['d4'] },
      parallelDatabases: 3,
      schedule: { cron: '0 3 * * *' },
      notify: { webhook: address, on: ['failure'] },
    })
    cluster.faults.inject({
      kind: 'busy-snapshot',
      text: 'Access denied; you need (at least one of) the EXPORT privilege(s) on TABLE t for this operation.',
      database: 'd2',
    })
    const result = await (await stage.startSet({ spec: policy })).result()
    expect(result).toMatchObject({ ok: false, databases: 5 })
    expect(result.backups.map(({ database }) => database).sort()).toEqual(['d0', 'd1', 'd3'])
    expect(result.failed.map(({ database }) => database).sort()).toEqual(['d2', 'nope'])
    expect(cluster.backupJobs).toHaveLength(3)
    expect(hook.told.map(({ status }) => status)).toEqual([503, 200])
    expect(hook.told[1]?.body).toMatchObject({ event: 'failure', policy: 'side', failed: expect.any(Array) })
  })

  test('retention counts days where the policy lives, and waits, aloud, for a cluster that does not answer', async () => {
    const cluster = await databases(1)
    const policy = policySchema.parse({
      name: 'zoned',
      cluster: cluster.state.name,
      repository: REPOSITORY,
      objects: { databases: ['d0'] },
      incremental: 'off',
      schedule: { cron: '0 3 * * *', timeZone: 'Asia/Shanghai' },
      retention: { daily: 30 },
    })
    const [first] = (await (await stage.startSet({ spec: policy })).result()).backups
    const record = await stage.record(first?.id ?? '')
    const objects = await stage.objects()
    // The same day in London, another one in Shanghai.
    for (const [id, finishedAt] of [
      ['eve', '2026-03-01T15:30:00.000Z'],
      ['morn', '2026-03-01T16:30:00.000Z'],
    ] as const)
      await objects.putRecord({ ...record, id, finishedAt, labels: [{ label: id, timestamp: '' }], own: 1 })
    const ids = async () => (await (await stage.objects()).heads()).heads.map(({ id }) => id)
    const second = await (await stage.startSet({ spec: policy })).result()
    expect(second.pruned).toMatchObject({ backups: 1 })
    expect(await ids()).toEqual(expect.arrayContaining(['eve', 'morn']))

    const silent = await stage.cluster({ name: 'silent' })
    await silent.stop()
    const last = { ...policy, retention: { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 } }
    const third = await (await stage.startSet({ spec: last })).result()
    expect(third).toMatchObject({ ok: true, pruned: { backups: 0 } })
    expect(third.warnings[0]).toMatch(/Retention waits: whether a job on silent reads it cannot be told/)
    expect(await ids()).toEqual(expect.arrayContaining(['eve', 'morn']))
  })

  test('that takes long is told of once, while it runs', async () => {
    const cluster = await databases(1)
    const stuck = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const spec = policySchema.parse({
      ...stage.spec(cluster, { name: 'long', objects: { databases: ['d0'] } }),
      schedule: { cron: '0 3 * * *' },
      notify: { webhook: hook.url, on: ['warning'], lateAfterHours: 0.0001 },
    })
    const before = hook.told.length
    const run = await stage.startSet({ spec })
    await until('somebody is told', () => hook.told.length > before)
    const text = expect.stringMatching(/^Backup long still runs after 0.0001 hours: 0 of /)
    expect(hook.told[before]?.body).toMatchObject({ event: 'warning', policy: 'long', text })
    stuck.clear()
    expect((await run.result()).warnings).toEqual([expect.stringContaining('still runs')])
    expect(hook.told.slice(before + 1).map(({ body }) => body)).toMatchObject([
      { event: 'warning', text: expect.stringContaining('1 databases') },
    ])
  })

  test('cancelled: jobs end on the cluster, nothing is left in the repository', async () => {
    const cluster = await databases(3)
    cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const spec = policySchema.parse({
      ...stage.spec(cluster, { name: 'stopped', objects: { databases: ['*'] } }),
      schedule: { cron: '0 3 * * *' },
      notify: { webhook: hook.url, on: ['failure'] },
    })
    const before = hook.told.length
    const run = await stage.startSet({ spec })
    await until('two run', async () => cluster.backupJobs.length === 2)
    await until('they are in the status', async () => (await run.query(backupStatusQuery)).running.length === 2)
    // Of a set that runs its own status tells; of what is left of one that was terminated only this.
    const { client } = stage.temporal
    await until('both jobs are told', async () => {
      const doing = (await otherRuns(client, new Set())).map((one) => one.doing)
      return doing.filter((text) => text.includes('UPLOADING')).length === 2
    })
    expect(await otherRuns(client, new Set([run.workflowId]))).toEqual([])
    await run.signal(cancelSignal)
    await expect(run.result()).rejects.toMatchObject({ cause: { type: 'Cancelled' } })
    expect(hook.told.slice(before)).toMatchObject([
      {
        status: 200,
        body: { event: 'failure', policy: 'stopped', text: expect.stringMatching(/was cancelled; 0 of 3/) },
      },
    ])
    expect(cluster.backupJobs).toHaveLength(2)
    for (const name of ['d0', 'd1']) {
      const { columns, rows } = cluster.execute(`SHOW BACKUP FROM ${name}`)
      const state = rows[0]?.[columns.findIndex((column) => column.name === 'State')]
      expect(state).toBe('CANCELLED')
    }
    const { labels, own } = await stage.contents()
    const ours = cluster.backupJobs.map(({ label }) => label)
    expect(labels.filter((label) => ours.includes(label))).toEqual([])
    expect(own.filter((key) => key.startsWith('intents/'))).toEqual([])
  })
})
