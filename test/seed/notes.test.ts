import { describe, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { makeHub, objectsOf, rowsOf, show } from './support/sr-hub.ts'

const stage = seedStage()

describe.concurrent('notes of the documentation', () => {
  test('a shared-data cluster has neither BACKUP nor RESTORE: refused with the reason, and what there is instead', async () => {
    const cluster = await stage.cluster({ name: 'lake', version: '4.1', runMode: 'shared_data', repository: false })
    cluster.execute('CREATE DATABASE hub')
    cluster.execute('CREATE TABLE hub.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    const backup = await stage.refusal(stage.backUp('lake', { database: ['hub'] }))
    expect(backup).toMatch(/no BACKUP and RESTORE on clusters of shared data/)
    expect(backup).toMatch(/CLUSTER SNAPSHOT/)
    const nothing = await stage.cluster({ name: 'nothing' })
    makeHub(nothing, 'hub')
    const label = stage.idOf(await stage.backUp('nothing', { table: ['hub.sr_pmc'] }))
    expect(await stage.refusal(stage.restore('lake', { label, as: 'other' }))).toMatch(
      /shared-data cluster.*cluster snapshots instead/,
    )
    expect(objectsOf(cluster, 'other')).toEqual([])
  })

  test('what is loaded after the snapshot is not in it, and in the next', async () => {
    const cluster = await stage.cluster({ name: 'loads' })
    makeHub(cluster, 'hub')
    cluster.faults.inject({
      kind: 'during-snapshot',
      state: 'UPLOADING',
      times: 1,
      run: () => void cluster.execute("INSERT INTO hub.sr_pmc VALUES (3, 'late')"),
    })
    const name = 'nightly'
    const first = stage.idOf(await stage.backUp('loads', { database: ['hub'], name }))
    const second = stage.idOf(await stage.backUp('loads', { database: ['hub'], name }, 'auto'))
    await stage.restore('loads', { label: first, as: 'before', table: ['sr_pmc'] })
    expect(await rowsOf(cluster, 'before.sr_pmc')).toEqual(['1,x', '2,y'])
    await stage.restore('loads', { label: second, as: 'after', table: ['sr_pmc'] })
    expect(await rowsOf(cluster, 'after.sr_pmc')).toEqual(['1,x', '2,y', '3,late'])
    expect((await stage.record(second)).kind).toBe('differential')
  })

  test('aside, the live table is read and written while its copy is restored; in place it is not', async () => {
    const cluster = await stage.cluster({ name: 'live' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('live', { database: ['hub'] }))
    const rows = await rowsOf(cluster, 'hub.sr_pmc')
    const stick = () => cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })

    const aside = stick()
    const name = await stage.startRestore('live', { label, table: ['sr_pmc'] })
    await until('it downloads', () => aside.struck > 0)
    cluster.execute("INSERT INTO hub.sr_pmc VALUES (8, 'meanwhile')")
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toContain('8,meanwhile')
    aside.clear()
    expect((await stage.restores.result(name)).ok).toBe(true)
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toEqual(rows)

    const over = stick()
    const inPlace = await stage.startRestore('live', { label, table: ['sr_pmc'], inPlace: true })
    await until('it downloads', () => over.struck > 0)
    expect(() => cluster.execute("INSERT INTO hub.sr_pmc VALUES (9, 'no')")).toThrow(/RESTORE/)
    over.clear()
    const done = await stage.restores.result(inPlace)
    expect(done.ok).toBe(true)
    expect(done.warnings.join()).toMatch(/COMMIT/)
  })

  test('an existing table of the same schema is written over only when that was asked for; of another schema never', async () => {
    const cluster = await stage.cluster({ name: 'schema' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('schema', { table: ['hub.sr_pmc'] }))
    const rows = await rowsOf(cluster, 'hub.sr_pmc')
    cluster.execute("INSERT INTO hub.sr_pmc VALUES (9, 'damage')")
    const former = cluster.state.databases.get('hub')?.objects.get('sr_pmc')?.id
    expect(await stage.restore('schema', { label, table: ['sr_pmc'] })).toMatchObject({ ok: true })
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toEqual(rows)
    // Not over it: the former one is still there under another name.
    const kept = objectsOf(cluster, 'hub').filter((one) => one.startsWith('sr_pmc__replaced_'))
    expect(kept).toHaveLength(1)
    expect(cluster.state.databases.get('hub')?.objects.get(kept[0] ?? '')?.id).toBe(former)

    cluster.execute("INSERT INTO hub.sr_pmc VALUES (9, 'damage')")
    const id = cluster.state.databases.get('hub')?.objects.get('sr_pmc')?.id
    expect(await stage.restore('schema', { label, table: ['sr_pmc'], inPlace: true })).toMatchObject({ ok: true })
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toEqual(rows)
    expect(cluster.state.databases.get('hub')?.objects.get('sr_pmc')?.id).toBe(id)

    cluster.execute('ALTER TABLE hub.sr_pmc ADD COLUMN extra INT')
    await until('it is altered', async () =>
      (await show(cluster, 'SHOW ALTER TABLE COLUMN FROM hub')).every(({ State }) => State === 'FINISHED'),
    )
    const jobs = cluster.backupJobs.length
    expect(await stage.refusal(stage.restore('schema', { label, table: ['sr_pmc'], inPlace: true }))).toMatch(
      /definition is another one/,
    )
    expect(cluster.backupJobs).toHaveLength(jobs)
    // Beside it there is no such trouble.
    expect(await stage.restore('schema', { label, table: ['sr_pmc'] })).toMatchObject({ ok: true })
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toEqual(rows)
  })

  test('times of a cluster in another zone are read, never computed', async () => {
    const cluster = await stage.cluster({ name: 'tokyo' })
    makeHub(cluster, 'hub')
    cluster.execute("SET GLOBAL time_zone = 'Asia/Tokyo'")
    const name = 'zoned'
    const began = Date.now()
    const label = stage.idOf(await stage.backUp('tokyo', { database: ['hub'], name }))
    const record = await stage.record(label)
    const [snapshot] = await show(cluster, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${label}'`)
    expect(record.labels[0]?.timestamp).toBe(snapshot?.Timestamp)
    expect(Date.parse(record.finishedAt)).toBeGreaterThanOrEqual(began)
    expect(Date.parse(record.finishedAt)).toBeLessThanOrEqual(Date.now())
    // Nothing changed: a zone must not look like a change.
    expect((await stage.backUp('tokyo', { database: ['hub'], name }, 'auto')).backups).toMatchObject([
      { kind: expect.stringMatching(/differential|nothing/) },
    ])
    const jobs = cluster.backupJobs.filter(({ kind }) => kind === 'backup')
    expect(jobs).toHaveLength(1)
    const asOf = new Date(Date.parse(record.finishedAt) + 1).toISOString()
    const done = await stage.restore('tokyo', { database: 'hub', asOf, as: 'earlier', fromCluster: 'tokyo' })
    expect(done).toMatchObject({ ok: true, backup: label })
  })

  test('threads that make it slow are told before; so is what a backup does not hold', async () => {
    const cluster = await stage.cluster({ name: 'slow', version: '3.1' })
    makeHub(cluster, 'hub', { functions: false })
    cluster.execute("CREATE USER reader IDENTIFIED BY ''")
    cluster.execute("CREATE RESOURCE GROUP rg TO (user='reader') WITH ('cpu_core_limit' = '1', 'mem_limit' = '10%')")
    const done = await stage.backUp('slow', { database: ['hub'] })
    expect(done.warnings.join()).toMatch(/upload with a single thread unless upload_worker_count/)
    const page = await stage.backups.backups({ repository: REPOSITORY, id: stage.idOf(done) })
    const left = JSON.stringify(page.notIncluded ?? [])
    expect(left).toMatch(/sr_view1/)
    expect(page.notIncluded).toContainEqual({
      object: 'resource group rg',
      reason: expect.stringContaining('companion'),
    })
    expect(left).toMatch(/"users \(\d+\)".*"roles .*and all grants".*"statistics"/)
    const plain = await stage.backUp('slow', { database: ['hub'], file: { companion: false } })
    const kinds = (await stage.backups.backups({ repository: REPOSITORY, id: stage.idOf(plain) })).notIncluded
    expect(kinds?.map(({ object }) => object)).toEqual(expect.arrayContaining(['users', 'routine loads', 'tasks']))
    expect(plain.backups[0]?.besides).toBeGreaterThan(10)
    const { text } = await stage.backups.companion(REPOSITORY, stage.idOf(done))
    expect(text).toMatch(/reader/)
    expect(text).toMatch(/rg/)
    expect(text).toMatch(/sr_view1/)
  })
})

describe.concurrent('a backup of a part', () => {
  test('never takes the place of the whole database', async () => {
    const cluster = await stage.cluster({ name: 'part' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('part', { table: ['hub.sr_pmc'] }))
    const before = objectsOf(cluster, 'hub')
    cluster.execute("INSERT INTO hub.sr_pmc VALUES (9, 'damage')")
    const done = await stage.restore('part', { label })
    expect(done.warnings.join()).toMatch(/only a part of hub/)
    expect(await rowsOf(cluster, 'hub.sr_pmc')).toEqual(['1,x', '2,y'])
    expect(objectsOf(cluster, 'hub')).toEqual(expect.arrayContaining(before))
    expect([...cluster.state.databases.keys()].filter((name) => name.startsWith('hub_'))).toEqual([])
  })

  test.each(['aside', 'in-place'] as const)(
    'of some partitions never takes the place of a live table: %s',
    async (mode) => {
      const name = `some-${mode}`
      const cluster = await stage.cluster({ name })
      makeHub(cluster, 'hub')
      const label = stage.idOf(await stage.backUp(name, { table: ['hub.sr_member'], partition: ['p1'] }))
      cluster.execute("INSERT INTO hub.sr_member VALUES (3, 'damage', 9), (12, 'kept', 9)")
      const done = await stage.restore(name, { label, table: ['sr_member'], inPlace: mode === 'in-place' })
      expect(done.warnings.join()).toMatch(/only some partitions of sr_member.*others.*not touched/)
      expect(await rowsOf(cluster, 'hub.sr_member')).toEqual([
        '1,ulm,1',
        '11,ulm,3',
        '12,kept,9',
        '2,bonn,2',
        '21,kiel,4',
      ])
      // Nothing is named: nothing else is touched either.
      cluster.execute("INSERT INTO hub.sr_member VALUES (3, 'damage', 9)")
      await stage.restore(name, { label, inPlace: mode === 'in-place' })
      expect(await rowsOf(cluster, 'hub.sr_member')).toHaveLength(5)
      expect(objectsOf(cluster, 'hub').filter((one) => one.includes('__'))).toEqual([])
    },
  )

  test('of some partitions is told to be that where the name is free', async () => {
    const cluster = await stage.cluster({ name: 'some-free' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('some-free', { table: ['hub.sr_member'], partition: ['p1'] }))
    cluster.execute('DROP TABLE hub.sr_member FORCE')
    const done = await stage.restore('some-free', { label })
    expect(done.warnings.join()).toMatch(/only some partitions of sr_member; sr_member has no others/)
    expect(await rowsOf(cluster, 'hub.sr_member')).toEqual(['1,ulm,1', '2,bonn,2'])
  })

  test('what came after the backup of a whole database is told when that is replaced', async () => {
    const cluster = await stage.cluster({ name: 'later' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('later', { database: ['hub'] }))
    cluster.execute('CREATE TABLE hub.later AS SELECT 1 AS one')
    const done = await stage.restore('later', { label })
    expect(done.warnings.join()).toMatch(/does not hold.*later/)
    expect(objectsOf(cluster, 'hub')).not.toContain('later')
    const former = [...cluster.state.databases.keys()].find((name) => name.startsWith('hub__replaced_'))
    expect(objectsOf(cluster, former ?? '')).toContain('later')
  })
})
