import type { LabCluster } from '../lab/index.ts'

/** One BACKUP as the cluster saw it, in milliseconds of the machine's clock. */
export interface JobTimes {
  database: string
  label: string
  /** When the statement came. */
  sent: number
  accepted: number
  finished: number
}

/** When BACKUP statements come, by their label. */
export class BackupClock {
  readonly #sent = new Map<string, number>()

  see(sql: string): void {
    const label = /^BACKUP .*?SNAPSHOT (?:`[^`]*`\.)?`([^`]+)`/.exec(sql)?.[1]
    if (label !== undefined) this.#sent.set(label, Date.now())
  }

  /** When the first one came. */
  get first(): number | undefined {
    return this.#sent.values().next().value
  }

  /** Of all that have finished; each database is backed up once. */
  times({ snapshots, state }: LabCluster): JobTimes[] {
    const finished = new Map([...state.snapshotJobs.values()].map((job) => [job.label, job]))
    return snapshots.accepted.flatMap(({ database, label, acceptedMs }) => {
      const job = finished.get(label)
      if (job?.finishedMs === undefined || job.state !== 'FINISHED') return []
      return [
        { database, label, sent: this.#sent.get(label) ?? acceptedMs, accepted: acceptedMs, finished: job.finishedMs },
      ]
    })
  }
}

/**
 * Mean share, in percent, of so many slots with a job that runs or is being sent, from the first one on and until the last one is sent: from then on none
 * waits.
 */
export function busyShare(jobs: readonly JobTimes[], slots: number): { share: number; seconds: number } {
  const from = Math.min(...jobs.map(({ sent }) => sent))
  const to = Math.max(...jobs.map(({ sent }) => sent))
  const busy = jobs.reduce((sum, { sent, finished }) => sum + Math.max(0, Math.min(finished, to) - sent), 0)
  return { share: (busy / (slots * (to - from))) * 100, seconds: (to - from) / 1000 }
}
