import type { Dependencies } from '../../../activities/dependencies.ts'

/** Of a day in March, when backups are made. */
export const day = (n: number) => `2026-03-${String(n).padStart(2, '0')}T02:00:00.000Z`

/** What retention needs of a worker that knows no cluster. */
export const noClusters = {
  cluster: () => {
    throw new Error('there is none')
  },
  clusterNames: () => [],
  metrics: { count: () => undefined, gauge: () => undefined, duration: () => undefined },
} as unknown as Dependencies
