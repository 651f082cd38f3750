import { MockActivityEnvironment } from '@temporalio/testing'
import { createMetadataActivities } from '../activities/metadata/index.ts'
import type { DifferencePage } from '../contract/index.ts'
import { atMost, type Figure } from './figure.ts'
import { LabProcess } from './lab-process.ts'
import { openClusters } from './measured-clusters.ts'
import { peakResidentMiB } from './memory.ts'

const PARTITIONS = 10
const PAGE = 500

/** Compares the definitions and partitions of all tables of both clusters: for the first time, and when one in a hundred was changed. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(10_000 * scale))
  const lab = new LabProcess()
  try {
    const clusters = await lab.ask('start', { source: { version: '3.3' }, target: { version: '3.5' } })
    await lab.ask('build', { database: 'bench', tables, partitions: PARTITIONS, version: 7n, copies: 'in-sync' })
    const { deps, spec, close } = openClusters(clusters)
    const { listDifferences } = createMetadataActivities(deps)
    const environment = new MockActivityEnvironment()
    const size = `${tables} tables x ${PARTITIONS} partitions each side`

    const measure = async (different: number): Promise<number> => {
      const started = performance.now()
      let found = 0
      let page: DifferencePage | undefined
      do {
        const input = { spec, limit: PAGE, ...(page ? { after: page.next } : {}) }
        page = (await environment.run(listDifferences, input)) as DifferencePage
        found += page.different.length
      } while (page.next !== undefined)
      if (found !== different || page.counts.sourceTables !== tables) {
        throw new Error(
          `${found} of ${page.counts.sourceTables} tables were found different, not ${different} of ${tables}`,
        )
      }
      return (performance.now() - started) / 1000
    }

    const aligned = await measure(0)
    await lab.ask('change', 'bench', 100)
    const changed = await measure(Math.ceil(tables / 100))
    await close()
    return [
      atMost('metadata-difference', aligned, 15, 's', `${size}, all aligned, the first time`),
      atMost('metadata-difference changed', changed, 15, 's', `${size}, 1 % different`),
      atMost('metadata-difference memory', peakResidentMiB(), 512, 'MiB', `${size}; the whole process`),
    ]
  } finally {
    await lab.stop()
  }
}
