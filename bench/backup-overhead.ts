import { performance } from 'node:perf_hooks'
import { BackupStage } from './backup-stage.ts'
import { atMost, type Figure } from './figure.ts'

/** How often a cluster's jobs are looked at. */
const POLL_S = 1
const FACTOR = 6

/** What starferry itself costs a backup: from the start of its workflow to its result, without what the cluster takes from accepting the job to finishing it. */
export async function run(scale: number): Promise<Figure[]> {
  const databases = Math.max(4, Math.round(50 * scale))
  const stage = await BackupStage.set({ timeFactor: FACTOR })
  try {
    await stage.lab.ask('buildDatabases', databases, {
      database: 'shop',
      tables: 2,
      partitions: 1,
      tablets: 1,
      version: 3n,
    })
    const spec = stage.spec({ name: 'single', objects: { databases: ['shop*'] } })
    const took = new Map<string, number>()
    for (let number = 1; number <= databases; number++) {
      const database = `shop${String(number).padStart(4, '0')}`
      const started = performance.now()
      await stage.backup(spec, database)
      took.set(database, (performance.now() - started) / 1000)
    }
    const jobs = await stage.lab.ask('backups')
    if (jobs.length !== databases) throw new Error(`${jobs.length} of ${databases} databases were backed up`)
    const own = jobs.map(({ database, accepted, finished }) => (took.get(database) ?? 0) - (finished - accepted) / 1000)
    own.sort((a, b) => a - b)
    const mean = own.reduce((sum, one) => sum + one, 0) / own.length
    const size = `${databases} backups of 2 tables one after the other, from the workflow's start to its result, record and verification included`
    return [
      atMost('backup overhead mean', mean, POLL_S + 1, 's', size),
      atMost('backup overhead worst in twenty', own[Math.ceil(own.length * 0.95) - 1] ?? 0, POLL_S + 1, 's', size),
    ]
  } finally {
    await stage.stop()
  }
}
