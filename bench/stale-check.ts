import { lookAtTables } from '../activities/stale/look.ts'
import { atMost, type Figure } from './figure.ts'
import { LabProcess } from './lab-process.ts'
import { openClusters } from './measured-clusters.ts'
import { peakResidentMiB } from './memory.ts'

const PARTITIONS = 10

/** One look at which tables lag, of all partitions of both clusters. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(10_000 * scale))
  const lab = new LabProcess()
  try {
    const clusters = await lab.ask('start', {
      source: { version: '3.3' },
      target: { version: '3.5' },
    })
    await lab.ask('build', {
      database: 'bench',
      tables,
      partitions: PARTITIONS,
      version: 7n,
      bytes: 1e6,
      copies: 'in-sync',
    })
    await lab.ask('write', 'bench', 100)
    const { deps, spec, close } = openClusters(clusters)
    const started = performance.now()
    const { lags } = await lookAtTables(deps, spec)
    const seconds = (performance.now() - started) / 1000
    await close()
    const behind = lags.filter((lag) => lag.laggingPartitions > 0).length
    if (lags.length !== tables || behind !== Math.ceil(tables / 100)) {
      throw new Error(`${lags.length} tables were found and ${behind} of them behind, of ${tables}`)
    }
    const size = `${tables} tables x ${PARTITIONS} partitions each side, 1 % behind`
    return [
      atMost('stale-check', seconds, 3, 's', size),
      atMost('stale-check memory', peakResidentMiB(), 512, 'MiB', `${size}; the whole process`),
    ]
  } finally {
    await lab.stop()
  }
}
