import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationSpecInput, MigrationStatus } from '../contract/index.ts'
import { migrationId } from '../contract/names.ts'
import { WorkStage } from './work-stage.ts'

/** Everything that a migration needs, each in a process of its own: two lab clusters, Temporal, and the production worker. */
export class MigrationStage extends WorkStage {
  /** `timeFactor`: how much faster than real the target's replication goes. */
  static async set({ timeFactor = 1 }: { timeFactor?: number } = {}): Promise<MigrationStage> {
    const stage = new MigrationStage()
    try {
      const clusters = stage.lab.ask('start', { source: { version: '3.3' }, target: { version: '3.5', timeFactor } })
      await stage.begin(clusters.then((known) => ({ clusters: known })))
      return stage
    } catch (error) {
      await stage.stop()
      throw error
    }
  }

  /** Starts a migration and answers what its status tells until something holds. Errors: when it fails, and after ten minutes. */
  async migrate(
    spec: MigrationSpecInput,
    until: (status: MigrationStatus) => boolean | Promise<boolean>,
  ): Promise<MigrationStatus> {
    const deadline = Date.now() + 600_000
    // The worker is ready a moment before Temporal knows that somebody polls.
    while (!(await this.starferry.hasWorker()) && Date.now() < deadline) await sleep(50)
    await this.starferry.start(spec)
    for (;;) {
      const status = await this.starferry.status(spec.name)
      if (await until(status)) return status
      if (status.state === 'failed' || status.state === 'stopped') throw new Error(`The migration ${describe(status)}`)
      if (Date.now() > deadline) throw new Error(`The migration takes too long: ${describe(status)}`)
      await sleep(200)
    }
  }

  /** Events in the histories of the migration's own workflow, over all its runs. */
  async parentEvents(name: string): Promise<number> {
    let events = 0
    let runId: string | undefined
    do {
      const handle = this.client.workflow.getHandle(migrationId(name), runId)
      const history = await handle.fetchHistory()
      events += history.events?.length ?? 0
      runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined
    } while (runId)
    return events
  }
}

function describe({ state, reason, reasons, findings, jobs, tables }: MigrationStatus): string {
  const fatal = findings
    .filter(({ level }) => level === 'fatal')
    .map(({ subject, message }) => `${subject}: ${message}`)
  return JSON.stringify({ state, reason, reasons, fatal, jobs, tables })
}
