import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import { LabCluster } from '../../lab/index.ts'
import type { LabVersion } from '../../lab/model.ts'
import { demoScenario, type Scenario } from '../../lab/scenario/demo.ts'

export interface LabPairOptions {
  sourceVersion: LabVersion
  targetVersion: LabVersion
  /** A shared-data target; otherwise shared-nothing. */
  sharedData: boolean
  /** How much faster time runs for replication jobs. */
  timeFactor: number
  seed: number
  password?: string
  /** No databases, tables, rows at the source. */
  empty?: boolean
}

/** A source with some forty tables and an empty target, both in this process. */
export interface LabPair {
  source: LabCluster
  target: LabCluster
  scenario: Scenario
  /** The `clusters` of a configuration that reaches them. */
  clusters: NonNullable<WorkerConfigInput['clusters']>
  stop(): Promise<void>
}

export async function startLabPair(options: LabPairOptions): Promise<LabPair> {
  const { password = '', timeFactor } = options
  const common = { nodes: 3, rootPassword: password, timeFactor }
  const source = await LabCluster.start({ ...common, name: 'source', version: options.sourceVersion, frontends: 1 })
  const target = await LabCluster.start({
    ...common,
    name: 'target',
    version: options.targetVersion,
    runMode: options.sharedData ? 'shared_data' : 'shared_nothing',
    frontends: 3,
  })
  const scenario = demoScenario({ version: options.sourceVersion, runMode: 'shared_nothing' }, options.seed)
  if (!options.empty) for (const statement of scenario.statements) source.execute(statement)
  const access = (cluster: LabCluster) => ({
    frontends: cluster.endpoints.frontends.map(({ host, queryPort }) => `${host}:${queryPort}`),
    user: 'root',
    password,
  })
  return {
    source,
    target,
    scenario,
    clusters: { source: { ...access(source), token: source.state.token }, target: access(target) },
    stop: async () => {
      await Promise.allSettled([source.stop(), target.stop()])
    },
  }
}
