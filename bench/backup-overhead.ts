import { BackupStage } from './backup-stage.ts'
import { atMost, type Figure } from './figure.ts'

/** How often a cluster's jobs are looked at. */
const POLL_S = 1
const FACTOR = 6

/**
 * What starferry itself costs a backup: from the start of its workflow until the job is known to have finished and its record stands, without what
 * the cluster takes from accepting the job to finishing it.
 */
export async function run(scale: number): Promise<Figure[]> {
  const databases = Math.max(4, Math.round(50 * scale))
  const stage = await BackupStage.set({ timeFactor: FACTOR })
  try {
    const tables = { database: 'shop', tables: 2, partitions: 1, tablets: 1, version: 3n }
    await stage.lab.ask('buildDatabases', databases, tables)
    const spec = stage.spec({ name: 'single', objects: { databases: ['shop*'] } })
    const took = new Map<string, number>()
    let whole = 0
    for (let number = 1; number <= databases; number++) {
      const database = `shop${String(number).padStart(4, '0')}`
      const started = Date.now()
      await stage.backup(spec, database)
      whole += Date.now() - started
      took.set(database, ((await stage.snapshotDone(spec, database)) - started) / 1000)
    }
    const jobs = await stage.lab.ask('backups')
    if (jobs.length !== databases) throw new Error(`${jobs.length} of ${databases} databases were backed up`)
    const own = jobs.map(({ database, accepted, finished }) => (took.get(database) ?? 0) - (finished - accepted) / 1000)
    own.sort((a, b) => a - b)
    const mean = own.reduce((sum, one) => sum + one, 0) / own.length
    const cluster = jobs.reduce((sum, { accepted, finished }) => sum + finished - accepted, 0)
    const after = (whole - cluster) / databases / 1000
    const size = `${databases} backups of 2 tables one after the other, until the record stands; with companion file and verification ${after.toFixed(2)} s`
    return [
      atMost('backup overhead mean', mean, POLL_S + 1, 's', size),
      atMost('backup overhead worst in twenty', own[Math.ceil(own.length * 0.95) - 1] ?? 0, POLL_S + 1, 's', size),
    ]
  } finally {
    await stage.stop()
  }
}
