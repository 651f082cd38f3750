import { BackupStage } from './backup-stage.ts'
import { atLeast, type Figure } from './figure.ts'
import { busyShare } from './job-times.ts'

/** How many at once; more of them end, and begin, in the same moment, since StarRocks moves all its jobs on together. */
const SLOTS = 16
/** Of a job that does hardly anything: StarRocks looks at its jobs every three seconds, and they have six states. */
const TASK_MS = 9_000

/** Backs up many databases by one policy, some at a time: whether StarRocks always has as many jobs as it may. */
export async function run(scale: number): Promise<Figure[]> {
  const databases = Math.max(8, Math.round(1_000 * scale))
  const slots = Math.min(SLOTS, Math.max(2, Math.round(databases / 4)))
  // A small run shows that it runs; its share means nothing.
  const timeFactor = scale < 0.05 ? 10 : 1
  const stage = await BackupStage.set({ timeFactor, timing: { taskMs: TASK_MS } })
  try {
    const tables = { database: 'shop', tables: 2, partitions: 1, tablets: 1, version: 3n }
    await stage.lab.ask('buildDatabases', databases, tables)
    const spec = stage.spec({ name: 'nightly', objects: { databases: ['shop*'] }, parallelDatabases: slots })
    const result = await stage.backupSet(spec)
    const jobs = await stage.lab.ask('backups')
    if (!result.ok || result.databases !== databases || jobs.length !== databases) {
      throw new Error(`${jobs.length} of ${databases} databases were backed up: ${JSON.stringify(result.failed)}`)
    }
    const { share, seconds } = busyShare(jobs, slots)
    const mean = jobs.reduce((sum, { accepted, finished }) => sum + finished - accepted, 0) / jobs.length / 1000
    const size = `${databases} databases of 2 tables, ${slots} at once, a job takes ${mean.toFixed(1)} s; from the first job until no database waits, ${seconds.toFixed(0)} s`
    return [atLeast('backup slots busy', share, 95, '%', size)]
  } finally {
    await stage.stop()
  }
}
