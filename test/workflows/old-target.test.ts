import { describe, expect, test } from 'vitest'
import type { InjectedFault } from '../../lab/faults/fault.ts'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()
const kinds = { source: { version: '3.1' as const }, target: { version: '3.1' as const } }

describe('a target that tells neither epochs nor who wrote', () => {
  test('is followed over truncates at the source, and what a load wrote is left alone', async () => {
    const migration = await on.migration({ name: 'old', ...kinds }, 2)
    await migration.start()
    await until('copied', () => migration.compare().differing.length === 0)
    insert(migration, 't0')
    await until('followed', () => migration.compare().differing.length === 0)
    // As many versions as before: only the partition's id tells that these are other rows.
    migration.source.execute('TRUNCATE TABLE shop.t1')
    insert(migration, 't1')
    await until('the new rows are there', () => migration.compare().differing.length === 0)
    await until('nothing runs', async () => (await migration.status()).slots.used === 0)
    migration.target.execute(`INSERT INTO shop.t0 VALUES (-1, 'local')`)
    insert(migration, 't0')
    insert(migration, 't0')
    const [parked] = await until('t0 waits', async () => {
      const list = await migration.starferry.parked('old')
      return list.length > 0 && list
    })
    expect(parked).toMatchObject({ table: 'shop.t0', needsApproval: true })
    expect(migration.target.execute('SELECT count(*) FROM shop.t0 WHERE id = -1').rows[0]?.[0]).toBe('1')
  })

  test('a worker that goes between a job’s commit and its own result leaves no doubt behind', async () => {
    const migration = await on.migration({ name: 'deploy', ...kinds }, 1)
    // Publishing takes until another worker has taken over.
    const slow = migration.target.faults.inject({ kind: 'delay-publish', ms: 4_000, times: 1 })
    await migration.start()
    await until('the job is committed', () => migration.jobs.committed === 1)
    await on.replaceWorker()
    await until('the copy is there', () => migration.compare().differing.length === 0)
    insert(migration, 't0')
    await until('followed', () => migration.compare().differing.length === 0, {
      explain: async () => migration.story(await migration.status()),
    })
    expect(slow.struck).toBe(1)
    expect(await migration.starferry.parked('deploy')).toEqual([])
    expect(migration.jobs.sentTwice()).toEqual([])
  })

  test('a round that ends before it knows what became of its job leaves none either', async () => {
    const migration = await on.migration({ name: 'unsaid', ...kinds }, 1)
    const error = 'nothing that anybody knows'
    let unreadable: InjectedFault | undefined
    migration.target.faults.inject({
      kind: 'during-job',
      state: 'REPLICATING',
      times: 1,
      run: () => {
        unreadable = migration.target.faults.inject({ kind: 'fail-query', match: /^SHOW PARTITIONS FROM .*t0/, error })
      },
    })
    await migration.start()
    await until('t0 is parked', async () => {
      const [parked] = await migration.starferry.parked('unsaid')
      return parked?.reason.includes(error)
    })
    unreadable?.clear()
    await migration.starferry.retry('unsaid', ['shop.t0'])
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
    expect(migration.target.sentJobs.length).toBe(1)
  })

  test('a renamed table without partitions stays its own copy, load after load, whoever remembers it', async () => {
    const rename = { tables: { 'shop.t0': 'archive.first' } }
    const migration = await on.migration({ name: 'old-renamed', ...kinds, spec: { rename } }, 1)
    const { source, target } = migration
    const rows = (cluster: typeof source, table: string) =>
      JSON.stringify(cluster.execute(`SELECT id, v FROM ${table} ORDER BY id, v`).rows)
    const followed = async (what: string) => {
      await until(what, async () => {
        expect(await migration.starferry.parked('old-renamed')).toEqual([])
        return rows(source, 'shop.t0') === rows(target, 'archive.first')
      })
      await until('nothing runs', async () => (await migration.status()).slots.used === 0)
    }
    await migration.start()
    await until('the copy is there', () => target.state.databases.has('archive'))
    await followed('copied')
    const [[id] = []] = target.execute('SHOW PARTITIONS FROM archive.first').rows
    insert(migration, 't0')
    await followed('followed')
    // Another process knows only what was written down.
    await on.replaceWorker()
    insert(migration, 't0')
    await followed('followed by another worker')
    // Emptied and copied whole, it would be another partition.
    expect(target.execute('SHOW PARTITIONS FROM archive.first').rows[0]?.[0]).toBe(id)
  })
})
