import { describe, expect, test } from 'vitest'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../contract/names.ts'
import type { LabCluster } from '../../lab/index.ts'
import { listObjects } from '../../repository/index.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { pictureOf } from '../support/backup-history.ts'

const stage = backupStage()

const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20")), PARTITION p3 VALUES [("20"), ("30"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

/** A chain of three: p1 lies in the full one, p2 in the second, p3 in the third. */
async function chain() {
  const cluster = await stage.cluster()
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.t ${TABLE}`,
    "INSERT INTO shop.t VALUES (1,'a'),(11,'b'),(21,'c')",
  ]) {
    cluster.execute(statement)
  }
  const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, incremental: 'incremental' })
  const ids = [(await stage.backup(spec, 'shop')).id]
  cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (12,'d')")
  ids.push((await stage.backup(spec, 'shop')).id)
  cluster.execute("INSERT INTO shop.t PARTITION (p3) VALUES (22,'e')")
  ids.push((await stage.backup(spec, 'shop')).id)
  const [full = '', middle = '', last = ''] = ids
  return { cluster, spec, full, middle, last }
}

/** As a lifecycle rule of the bucket does it, or somebody with a console. */
async function removeSnapshot(label: string) {
  const { repository } = await stage.objects()
  const keys: string[] = []
  for await (const { key } of listObjects(repository.store, repository.snapshotDirectory(label))) keys.push(key)
  expect(keys.length).toBeGreaterThan(0)
  await repository.store.deleteMany(keys)
}

let restores = 0

async function failedRestore(cluster: LabCluster, more: Partial<RestoreSpecInput>): Promise<string> {
  const spec: RestoreSpecInput = {
    name: `damage${++restores}`,
    cluster: cluster.state.name,
    repository: REPOSITORY,
    from: { database: 'shop', cluster: cluster.state.name },
    publish: 'auto',
    ...more,
  }
  const failure = await stage.temporal.client.workflow
    .execute('restore', { workflowId: restoreId(spec.name), taskQueue: TASK_QUEUE, args: [spec] })
    .catch((error: unknown) => error)
  return (failure as { cause?: { message?: string } }).cause?.message ?? `it did not fail: ${JSON.stringify(failure)}`
}

describe('a snapshot in the middle of a chain is gone', () => {
  test('the next backup builds on what is whole, and says so; what it makes can be restored', async () => {
    const { spec, full, middle, last } = await chain()
    await removeSnapshot(middle)
    const next = await stage.backup(spec, 'shop')
    expect(next.baseline).toBe(full)
    expect(next.warnings.join('\n')).toContain(`backup ${last} is not built upon: snapshot ${middle} is missing`)
    expect((await stage.record(next.id)).labels.map(({ label }) => label)).not.toContain(middle)
  })

  test('the full one: a full one is made', async () => {
    const { spec, full } = await chain()
    await removeSnapshot(full)
    expect(await stage.backup(spec, 'shop')).toMatchObject({ kind: 'full', chain: 1, verified: 'ok' })
  })

  test.each(['in-place', 'aside'] as const)('a restore %s refuses before it touches anything', async (mode) => {
    const { cluster, middle, last } = await chain()
    await removeSnapshot(middle)
    // In place, this partition would be dropped first.
    cluster.execute('ALTER TABLE shop.t ADD PARTITION p9 VALUES [("90"), ("99"))')
    cluster.execute("INSERT INTO shop.t VALUES (91,'z')")
    const before = pictureOf(cluster, 'shop')
    const jobs = cluster.backupJobs.length
    const message = await failedRestore(cluster, { from: { label: last }, tables: ['t'], mode })
    expect(message).toContain(`snapshot ${middle} is missing`)
    expect(cluster.backupJobs).toHaveLength(jobs)
    expect(pictureOf(cluster, 'shop')).toEqual(before)
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })

  test('what needs nothing of it can be restored', async () => {
    const { cluster, middle, last } = await chain()
    await removeSnapshot(middle)
    const spec: RestoreSpecInput = {
      name: `damage${++restores}`,
      cluster: cluster.state.name,
      repository: REPOSITORY,
      from: { label: last },
      partitions: { t: ['p1', 'p3'] },
      rename: { database: 'part' },
      publish: 'auto',
    }
    const result = await stage.temporal.client.workflow.execute('restore', {
      workflowId: restoreId(spec.name),
      taskQueue: TASK_QUEUE,
      args: [spec],
    })
    expect(result).toMatchObject({ ok: true })
    expect(Object.keys(pictureOf(cluster, 'part').t?.partitions ?? {})).toEqual(['p1', 'p3'])
  })
})

describe('a snapshot in the middle of a chain is there, and not what was made', () => {
  test('its verification found damage: neither built upon nor restored, though later ones are sound by themselves', async () => {
    const { cluster, spec, full, middle, last } = await chain()
    const problems = [{ label: middle, problem: 'an object is missing' }]
    const found = { at: new Date().toISOString(), mode: 'deep' as const, ok: false, problems, objects: 1, bytes: 1 }
    await (await stage.objects()).changeVerification(middle, async () => found)
    expect(await failedRestore(cluster, { from: { label: last }, rename: { database: 'again' } })).toContain(
      `snapshot ${middle} was found damaged`,
    )
    expect(cluster.state.databases.has('again')).toBe(false)
    expect(await stage.backup(spec, 'shop')).toMatchObject({ baseline: full })
  })

  test('another snapshot has its label', async () => {
    const { cluster, spec, full, middle, last } = await chain()
    await removeSnapshot(middle)
    await cluster.run(`BACKUP DATABASE shop SNAPSHOT ${middle} TO ${REPOSITORY}`)
    const { repository } = await stage.objects()
    await expect
      .poll(async () => (await repository.lookAt(middle)).state, { timeout: 200_000, interval: 100 })
      .toBe('complete')
    expect(await failedRestore(cluster, { from: { label: last }, rename: { database: 'again' } })).toContain(
      'another one than was made',
    )
    expect(await stage.backup(spec, 'shop')).toMatchObject({ baseline: full })
  })
})

test('databases that begin alike do not hide each other’s backups', async () => {
  const { spec, full, last } = await chain()
  const objects = await stage.objects()
  const template = await stage.record(full)
  // More of them than is looked at.
  for (let i = 0; i < 420; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, k) => {
        const id = full.replace('shop_', `shop_eu_`).replace(/(\d)_/, `$1_`) + String(i + k)
        return objects.putRecord({ ...template, id, database: 'shop_eu', tables: {} })
      }),
    )
  }
  expect(await stage.backup(spec, 'shop')).toMatchObject({ kind: 'incremental', baseline: last })
})
