import { expect, test } from 'vitest'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { CATALOGS, makeHub, rowsOf, show } from './support/sr-hub.ts'

const stage = seedStage()

test('4.1: catalogs are refused with the reason before anything is sent; times eight hours ahead are never computed with', async () => {
  const sent: string[] = []
  const cluster = await stage.cluster({
    name: 'newest',
    version: '4.1',
    onStatement: (sql) => /^(BACKUP|RESTORE)/.test(sql) && sent.push(sql),
  })
  makeHub(cluster, 'hub')
  cluster.execute(CATALOGS.hive)
  expect(await stage.refusal(stage.backUp('newest', { catalog: ['hive'] }))).toMatch(/"db" is null.*Leave catalogs out/)
  expect(sent).toEqual([])

  const id = stage.idOf(await stage.backUp('newest', { database: ['hub'] }))
  const [job] = await show(cluster, 'SHOW BACKUP FROM hub')
  const [snapshot] = await show(cluster, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${id}'`)
  const record = await stage.record(id)
  // The job's own time is ahead of that of the snapshot; what RESTORE wants is the latter.
  const hours = (text = '') => Number(text.slice(11, 13))
  expect((hours(String(job?.CreateTime)) - hours(String(snapshot?.Timestamp)) + 24) % 24).toBeOneOf([8, 7])
  expect(record.labels).toMatchObject([{ label: id, timestamp: snapshot?.Timestamp }])
  expect(Math.abs(Date.parse(record.finishedAt) - Date.now())).toBeLessThan(3_600_000)
  expect(String(job?.BackupObjs)).toContain('[hub.sr_member AS ')

  const rows = await rowsOf(cluster, 'hub.sr_member')
  cluster.execute('TRUNCATE TABLE hub.sr_member')
  expect(await stage.restore('newest', { database: 'hub', table: ['sr_member'] })).toMatchObject({
    ok: true,
    backup: id,
  })
  expect(await rowsOf(cluster, 'hub.sr_member')).toEqual(rows)
  expect(sent.at(-1)).toContain(`'backup_timestamp' = '${snapshot?.Timestamp}'`)
})
