import { beforeAll, expect, test } from 'vitest'
import { backupView } from '../../client/terminal/backup-view.ts'
import { restoreView } from '../../client/terminal/restore-view.ts'
import { styleFor } from '../../client/terminal/style.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { makeHub, rowsOf } from './support/sr-hub.ts'

const stage = seedStage()
let cluster: LabCluster
let label: string

beforeAll(async () => {
  cluster = await stage.cluster({ name: 'busy' })
  makeHub(cluster, 'hub', { functions: false })
  makeHub(cluster, 'hub2', { functions: false })
  label = stage.idOf(await stage.backUp('busy', { database: ['hub2'] }))
})

/** StarRocks takes one job in a database at a time; the others wait, and say for whose. */
test('status, backup status: a job of somebody else is named while it is waited for, and left alone', async () => {
  const stick = cluster.faults.inject({ kind: 'stick-snapshot', label: 'theirs', state: 'UPLOADING' })
  await cluster.run(`BACKUP DATABASE hub SNAPSHOT theirs TO ${REPOSITORY} ON (TABLE sr_pmc)`)
  const name = await stage.startBackup('busy', { database: ['hub'] })
  const seen = await until('it says whose job it waits for', async () => {
    const running = await stage.backups.status(name)
    return running.jobs[0]?.waiting?.includes('theirs') ? running : undefined
  })
  expect(seen.jobs[0]).toMatchObject({ database: 'hub', waiting: expect.stringMatching(/waits for backup theirs/) })
  expect(backupView(seen, styleFor({}, {}), 120).join('\n')).toMatch(/waits: .*backup theirs/)
  stick.clear()
  expect((await stage.backups.result(name)).ok).toBe(true)
  expect(cluster.backupJobs.filter(({ database }) => database === 'hub').map((job) => job.label)[0]).toBe('theirs')
})

test('restore status: the same', async () => {
  const rows = await rowsOf(cluster, 'hub2.sr_pmc')
  cluster.execute("INSERT INTO hub2.sr_pmc VALUES (9, 'damage')")
  const stick = cluster.faults.inject({ kind: 'stick-snapshot', label: 'others', state: 'UPLOADING' })
  await cluster.run(`BACKUP DATABASE hub2 SNAPSHOT others TO ${REPOSITORY} ON (TABLE sr_pmc)`)
  const name = await stage.startRestore('busy', { label, table: ['sr_pmc'] })
  const seen = await until('it says whose job it waits for', async () => {
    const running = await stage.restores.status(name)
    return running.job?.waiting?.includes('others') ? running : undefined
  })
  expect(restoreView(seen, styleFor({}, {}), 120).join('\n')).toMatch(/waits: .*backup others/)
  stick.clear()
  expect((await stage.restores.result(name)).ok).toBe(true)
  expect(await rowsOf(cluster, 'hub2.sr_pmc')).toEqual(rows)
})
