import type { LabSqlContext } from './sql/context.ts'
import { schedulePartitions } from './sql/schedule-partitions.ts'

/** Runs the rounds of the dynamic partition scheduler, as often as the frontend's setting says at the cluster's time factor. */
export class PartitionScheduler {
  readonly #context: LabSqlContext
  readonly #timeFactor: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(context: LabSqlContext, timeFactor: number) {
    this.#context = context
    this.#timeFactor = timeFactor
  }

  start(): void {
    const setting = this.#context.state.config.get('dynamic_partition_check_interval_seconds')?.value
    const seconds = Math.max(1, Number(setting ?? 600))
    this.#timer = setTimeout(
      () => {
        // Only a living leader schedules.
        if (this.#context.state.frontends.some((one) => one.role === 'LEADER' && one.alive)) this.run()
        this.start()
      },
      Math.max(50, (seconds * 1000) / this.#timeFactor),
    )
    this.#timer.unref()
  }

  /** One round, at once. */
  run(): void {
    schedulePartitions(this.#context)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
