import { describe, expect, test } from 'vitest'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { hubStatements, objectsOf, rowsOf, show } from './support/sr-hub.ts'

const stage = seedStage()

/** Before 3.4 there are no views, functions and catalogs in snapshots; 3.1 has no materialized views in them either. */
describe.concurrent.each(['3.3', '3.1'] as const)('%s', (version) => {
  test('what the old grammar can do is done in its words; what it cannot is named with the reason', async () => {
    const name = `v${version.replace('.', '')}`
    const sent: string[] = []
    const cluster = await stage.cluster({
      name,
      version,
      onStatement: (sql) => /^(BACKUP|RESTORE)/.test(sql) && sent.push(sql.replaceAll('`', '').replaceAll(/\s+/g, ' ')),
    })
    const last = () => sent.at(-1) ?? ''
    for (const statement of hubStatements('hub')) cluster.execute(statement)
    cluster.execute(
      "CREATE TABLE hub.cities (city VARCHAR(20) NOT NULL) DUPLICATE KEY(city) PARTITION BY LIST(city) (PARTITION pu VALUES IN ('ulm')) DISTRIBUTED BY HASH(city) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    )
    const members = await rowsOf(cluster, 'hub.sr_member')

    const whole = await stage.backUp(name, { database: ['hub'] })
    const id = stage.idOf(whole)
    const views = version === '3.3' ? ', sr_mv1, sr_mv2' : ''
    expect(last()).toContain(`BACKUP SNAPSHOT hub.${id} TO ${REPOSITORY} ON (sr_member, sr_pmc${views})`)
    const record = await stage.record(id)
    const reasons = Object.fromEntries(record.notIncluded.map(({ object, reason }) => [object, reason]))
    expect(reasons.sr_view1).toMatch(/cannot back up views/)
    expect(reasons.cities).toMatch(/list partition/i)
    if (version === '3.1') expect(reasons.sr_mv1).toMatch(/cannot back up materialized views/)
    expect(Object.keys(record.tables)).toEqual(['sr_member', 'sr_pmc'])

    const table = stage.idOf(await stage.backUp(name, { table: ['hub.sr_member'] }))
    expect(last()).toContain(`BACKUP SNAPSHOT hub.${table} TO ${REPOSITORY} ON (sr_member)`)
    const partition = stage.idOf(await stage.backUp(name, { table: ['hub.sr_member'], partition: ['p1'] }))
    expect(last()).toContain(`BACKUP SNAPSHOT hub.${partition} TO ${REPOSITORY} ON (sr_member PARTITION (p1))`)

    for (const flags of [{ function: ['hub.f'] }, { catalog: ['*'] }]) {
      expect(await stage.refusal(stage.backUp(name, flags))).toMatch(
        /cannot back up (functions|external catalogs)|has no function/,
      )
    }
    expect(cluster.backupJobs).toHaveLength(3)

    // A database that is missing is made first: RESTORE of these versions does not.
    cluster.execute('DROP DATABASE hub FORCE')
    expect(await stage.restore(name, { label: id, table: ['sr_member'] })).toMatchObject({ ok: true, tables: 1 })
    expect(last()).toMatch(
      new RegExp(`^RESTORE SNAPSHOT hub(__sf_\\w+)?\\.${id} FROM ${REPOSITORY} ON \\(sr_member\\) PROPERTIES`),
    )
    expect(await rowsOf(cluster, 'hub.sr_member')).toEqual(members)
    // The rest, over the live table: beside it, and swapped.
    cluster.execute('TRUNCATE TABLE hub.sr_member')
    expect(await stage.restore(name, { label: id })).toMatchObject({ ok: true, published: true })
    expect(await rowsOf(cluster, 'hub.sr_member')).toEqual(members)
    expect(objectsOf(cluster, 'hub')).toEqual(expect.arrayContaining(['sr_member', 'sr_pmc', 'sr_view1', 'sr_view2']))
    expect((await cluster.run('SELECT count(*) FROM hub.sr_view1')).rows).toEqual([['4']])
    // Another name for a database, which the old grammar does not know: by a database of that name.
    expect(await stage.restore(name, { label: id, as: 'hub_new', table: ['sr_member'] })).toMatchObject({ ok: true })
    expect(await rowsOf(cluster, 'hub_new.sr_member')).toEqual(members)
    expect(await show(cluster, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${id}'`)).toHaveLength(1)

    // Snapshots of old releases restore into a new one.
    const newer = await stage.cluster({ name: `${name}to35`, repository: false })
    expect(await stage.restore(`${name}to35`, { label: id, table: ['*'] })).toMatchObject({ ok: true, tables: 2 })
    expect(await rowsOf(newer, 'hub.sr_member')).toEqual(members)
    // The other way round is refused: what 3.5 writes these versions may not read.
    newer.execute("INSERT INTO hub.sr_pmc VALUES (7, 'new')")
    await stage.createRepository(`${name}to35`)
    const young = stage.idOf(await stage.backUp(`${name}to35`, { database: ['hub'] }))
    const jobs = cluster.backupJobs.length
    expect(await stage.refusal(stage.restore(name, { label: young, as: 'young' }))).toContain('older-than-backup')
    expect(cluster.backupJobs).toHaveLength(jobs)
  })
})
