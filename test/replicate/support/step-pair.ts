import { ApplicationFailure } from '@temporalio/common'
import { createReplicateActivities } from '../../../activities/replicate.ts'
import {
  type MigrationSpec,
  type ReplicateErrorDetails,
  type ReplicateStepInput,
  type ReplicateStepResult,
  stepJobPrefix,
} from '../../../contract/index.ts'
import type { LabTable } from '../../../lab/index.ts'
import { LabPair, quietEnvironment } from '../../metadata/lab-pair.ts'

type Kind = Parameters<typeof LabPair.start>[0]
type Environment = ReturnType<typeof quietEnvironment>

/** Two lab clusters, steps of one table, and a way to have something happen in the moment of a statement on the target. */
export class StepPair {
  readonly lab: LabPair
  /** Of all steps so far, also of those that failed: what the next one is told of the copy's columns. */
  schema = 'nothing'
  /** And of its lineage, where the target does not tell. */
  #lineage: Pick<ReplicateStepInput, 'memory' | 'intents'> = {}
  #step = 0
  readonly #strikes: { match: RegExp; act: () => void }[]
  readonly #activities: ReturnType<typeof createReplicateActivities>

  private constructor(lab: LabPair, strikes: { match: RegExp; act: () => void }[]) {
    this.lab = lab
    this.#strikes = strikes
    this.#activities = createReplicateActivities(lab.deps)
  }

  static async start(source: Kind = { version: '3.5' }, target: Kind = { version: '3.5' }): Promise<StepPair> {
    const strikes: { match: RegExp; act: () => void }[] = []
    const onStatement = (sql: string) => {
      const at = strikes.findIndex(({ match }) => match.test(sql))
      if (at >= 0) strikes.splice(at, 1)[0]?.act()
    }
    return new StepPair(await LabPair.start(source, { ...target, onStatement }), strikes)
  }

  get source() {
    return this.lab.source
  }

  get target() {
    return this.lab.target
  }

  /** The same table on both sides, in database `app`. */
  make(table: string): void {
    for (const side of [this.source, this.target]) {
      side.execute('CREATE DATABASE IF NOT EXISTS app')
      side.execute(table)
    }
  }

  /** Once, before the next statement on the target that matches is carried out. */
  before(match: RegExp, act: () => void): void {
    this.#strikes.push({ match, act })
  }

  /** As the table's workflow has it done. */
  async step(
    table: string,
    {
      spec = this.lab.spec(),
      environment = quietEnvironment(),
      approval,
    }: { spec?: MigrationSpec; environment?: Environment; approval?: string } = {},
  ): Promise<ReplicateStepResult> {
    const jobPrefix = stepJobPrefix(spec.name, 'run', ++this.#step)
    const input = { spec, table, jobPrefix, approval, schema: this.schema, ...this.#lineage }
    try {
      const done: ReplicateStepResult = await environment.run(this.#activities.replicate, input)
      this.#learn(done)
      return done
    } catch (error) {
      if (error instanceof ApplicationFailure) this.#learn((error.details?.[0] ?? {}) as ReplicateErrorDetails)
      throw error
    }
  }

  #learn({ schema, memory, intents }: ReplicateStepResult | ReplicateErrorDetails): void {
    this.schema = schema ?? this.schema
    this.#lineage = { memory: memory ?? this.#lineage.memory, intents: intents ?? this.#lineage.intents }
  }

  /** A table's state on the target. */
  copy(name: string): LabTable {
    const found = this.target.state.databases.get('app')?.objects.get(name)
    if (found?.kind !== 'table') throw new Error(`there is no table app.${name}`)
    return found
  }

  stop(): Promise<void> {
    return this.lab.stop()
  }
}
