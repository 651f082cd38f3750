import { atLeast, type Figure } from './figure.ts'
import { MigrationStage } from './migration-stage.ts'

const SLOTS = 100
const FACTOR = 5

/** Keeps the target's replication slots busy: tables of very different sizes, far more than slots. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(300 * scale))
  const stage = await MigrationStage.set({ timeFactor: FACTOR })
  try {
    // Together less than a target takes at once (replication_max_parallel_data_size_mb), so that its slots are what tables wait for.
    const sizes: [number, number] = [2 ** 29, 12 * 2 ** 30]
    const database = 'mixed'
    await stage.lab.ask('build', {
      ...{ database, tables, partitions: 1, version: 3n, bytes: sizes, copies: 'empty' },
    })
    const use = stage.lab.ask('slotUse', tables)
    const spec = { name: 'slots', source: 'source', target: 'target', include: [database], oneTime: true }
    await stage.migrate(spec, ({ jobs }) => jobs.finished >= tables)
    const { meanRunning, seconds } = await use
    const slots = Math.min(SLOTS, tables)
    return [
      atLeast(
        'slot-use',
        (meanRunning / slots) * 100,
        95,
        '%',
        `${tables} tables of 0.5 to 12 GiB, ${slots} slots, time at factor ${FACTOR}; from the first job until no table waits, ${seconds.toFixed(0)} s`,
      ),
    ]
  } finally {
    await stage.stop()
  }
}
