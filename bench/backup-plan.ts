import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackupStage } from './backup-stage.ts'
import { atMost, type Figure } from './figure.ts'
import { peakResidentMiB } from './memory.ts'

const PARTITIONS = 10
/** One table in so many has been written to since. */
const CHANGED = 100

/** An incremental backup of a large database: from the start of its workflow until the cluster gets the statement. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(10, Math.round(10_000 * scale))
  const stage = await BackupStage.set({ timeFactor: 10 })
  try {
    const database = 'large'
    const spec = stage.spec({ name: 'nightly', objects: { databases: [database] }, incremental: 'incremental' })
    await stage.lab.ask('build', { database, tables, partitions: PARTITIONS, tablets: 1, version: 7n, copies: 'none' })
    await stage.writeBaseline(spec, database)
    await stage.lab.ask('write', database, CHANGED)
    const started = performance.now()
    const startedMs = Date.now()
    const backup = stage.backup(spec, database)
    backup.catch(() => {})
    let sent: number | undefined
    while (sent === undefined) {
      sent = await stage.lab.ask('sentBackup')
      // One that fails before is known at once.
      await Promise.race([backup, sleep(50)])
      if (performance.now() - started > 300_000) throw new Error('No BACKUP came within five minutes')
    }
    const planning = peakResidentMiB(stage.workerPid)
    const { kind, partitions, tables: held } = await backup
    const size = `${tables} tables x ${PARTITIONS} partitions, 1 % of the tables written to`
    if (kind !== 'incremental' || held !== tables || partitions !== tables * PARTITIONS) {
      throw new Error(`a ${kind} backup of ${held} tables and ${partitions} partitions was made, not of ${size}`)
    }
    const whole = peakResidentMiB(stage.workerPid)
    return [
      atMost('backup plan', (sent - startedMs) / 1000, 10, 's', `${size}; until BACKUP is sent`),
      atMost('backup plan memory', planning, 512, 'MiB', `${size}; the whole worker`),
      atMost('backup memory', whole, 512, 'MiB', `${size}; the whole worker, record and verification included`),
    ]
  } finally {
    await stage.stop()
  }
}
