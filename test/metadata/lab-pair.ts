import type { Info as ActivityInfo } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import type { ClusterHandle, Dependencies } from '../../activities/dependencies.ts'
import { createMetadataActivities } from '../../activities/metadata/index.ts'
import { createPreflightActivities } from '../../activities/preflight.ts'
import {
  type AlignOutcome,
  type MigrationSpec,
  type MigrationSpecInput,
  migrationSpecSchema,
} from '../../contract/index.ts'
import { LabCluster, type LabClusterOptions } from '../../lab/index.ts'
import { demoScenario, type Scenario } from '../../lab/scenario/demo.ts'
import type { Approvals } from '../../planning/approval.ts'
import { addressMapOf, quoteQualified, StarRocksCluster } from '../../starrocks/index.ts'
import { createRepositories } from '../../workers/repositories.ts'

type Kind = Pick<LabClusterOptions, 'version' | 'runMode' | 'nodes' | 'timeFactor' | 'onStatement' | 'lateSchemas'>

/** Two lab clusters and the activities on them, over sockets. */
export class LabPair {
  readonly source: LabCluster
  readonly target: LabCluster
  readonly deps: Dependencies
  readonly handles: Map<string, ClusterHandle>
  readonly metadata: ReturnType<typeof createMetadataActivities>
  readonly preflight: ReturnType<typeof createPreflightActivities>
  readonly #viewMarks = new Set<string>()
  readonly statements: { cluster: string; kind: string }[] = []

  private constructor(source: LabCluster, target: LabCluster) {
    this.source = source
    this.target = target
    this.handles = new Map([
      ['source', this.#handle('source', source)],
      ['target', this.#handle('target', target)],
    ])
    const { get: repository, names: repositoryNames, webhook } = createRepositories({ repositories: {}, webhooks: {} })
    this.deps = {
      repository,
      repositoryNames,
      webhook,
      clusterNames: () => [...this.handles.keys()],
      cluster: (name) => {
        const handle = this.handles.get(name)
        if (handle) return handle
        throw ApplicationFailure.create({
          type: 'UnknownCluster',
          nonRetryable: true,
          message: `There is no cluster ${name}; known are ${[...this.handles.keys()].join(', ')}`,
        })
      },
      // It remembers nothing.
      client: { workflow: { async *list() {} }, activity: { heartbeat: async () => undefined } } as unknown as Client,
      metrics: { count: () => undefined, gauge: () => undefined, duration: () => undefined },
      clock: { now: () => Date.now() },
    }
    this.metadata = createMetadataActivities(this.deps)
    this.preflight = createPreflightActivities(this.deps)
  }

  static async start(source: Kind, target: Kind): Promise<LabPair> {
    const fast = { timeFactor: 1000 }
    return new LabPair(
      await LabCluster.start({ name: 'source', ...fast, ...source }),
      await LabCluster.start({ name: 'target', ...fast, ...target }),
    )
  }

  #handle(name: string, lab: LabCluster, user = 'root', password = ''): ClusterHandle {
    const cluster = new StarRocksCluster({
      name,
      frontends: lab.endpoints.frontends.map(({ host, queryPort }) => ({ host, port: queryPort })),
      user,
      password,
      onStatement: (event) => this.statements.push({ cluster: name, kind: event.kind }),
    })
    return { cluster, token: lab.state.token, addressMap: addressMapOf({}), user, password }
  }

  /** Logs in as somebody else from now on. */
  async loginAs(name: 'source' | 'target', user: string, password: string): Promise<void> {
    await this.handles.get(name)?.cluster.close()
    this.handles.set(name, this.#handle(name, this[name], user, password))
  }

  spec(part: Partial<MigrationSpecInput> = {}): MigrationSpec {
    return migrationSpecSchema.parse({ name: 'move', source: 'source', target: 'target', ...part })
  }

  run<I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> {
    return quietEnvironment().run(activity, input)
  }

  /** All pages of the difference. */
  async differences(
    spec: MigrationSpec,
    limit = 1000,
  ): Promise<{ different: string[]; counts: Record<string, number> }> {
    const different: string[] = []
    let after: string | undefined
    for (;;) {
      const page = await this.run(this.metadata.listDifferences, { spec, after, limit })
      different.push(...page.different)
      after = page.next
      if (after === undefined) return { different, counts: { ...page.counts } }
    }
  }

  /** Everything that differs aligned, as the workflow does it. */
  async align(spec: MigrationSpec): Promise<AlignOutcome[]> {
    const { different } = await this.differences(spec)
    const outcomes: AlignOutcome[] = []
    for (let at = 0; at < different.length; at += 10) {
      const tables = different.slice(at, at + 10)
      outcomes.push(...(await this.run(this.metadata.alignTables, { spec, tables })))
    }
    return outcomes
  }

  /** Views aligned as a migration does it, which remembers by what it knows its copies. */
  async alignViews(spec: MigrationSpec, approvals?: Approvals): Promise<AlignOutcome[]> {
    const viewMarks = [...this.#viewMarks]
    const outcomes = await this.run(this.metadata.alignViews, { spec, approvals, viewMarks })
    for (const { marks } of outcomes) for (const mark of marks ?? []) this.#viewMarks.add(mark)
    return outcomes
  }

  async stop(): Promise<void> {
    for (const { cluster } of this.handles.values()) await cluster.close()
    await this.source.stop()
    await this.target.stop()
  }
}

/** Without log lines about failures that a test provokes. */
export const quietEnvironment = (info?: Partial<ActivityInfo>) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') })

/** Fills a lab cluster with the forty odd tables. */
export function fill(lab: LabCluster): Scenario {
  const scenario = demoScenario({ version: lab.state.version, runMode: lab.state.runMode })
  for (const statement of scenario.statements) {
    try {
      lab.execute(statement)
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${statement.slice(0, 400)}`)
    }
  }
  return scenario
}

/** A replication job of somebody else into a table, called `another`, which stays in this state. */
export function listJob(
  { state: cluster }: LabCluster,
  database: string,
  table: string,
  state: 'REPLICATING' | 'COMMITTED',
): void {
  const { id: databaseId, objects } = cluster.databases.get(database) ?? {}
  const tableId = objects?.get(table)?.id
  if (databaseId === undefined || tableId === undefined) throw new Error(`there is no ${database}.${table}`)
  const [jobId, txnId, now] = ['another', cluster.nextId(), cluster.now()]
  const times = { createdMs: now, finishedTasks: 0, totalTasks: 1, error: '' }
  cluster.replicationJobs.push({ jobId, databaseId, tableId, txnId, state, ...times })
  cluster.transactions.push({
    id: txnId,
    dbId: databaseId,
    label: `REPLICATION_${databaseId}_${tableId}_${jobId}`,
    status: state === 'COMMITTED' ? 'COMMITTED' : 'PREPARE',
    sourceType: 'REPLICATION',
    prepareMs: now,
    reason: '',
    timeoutMs: 86_400_000,
    tableIds: [tableId],
  })
}

const layoutColumns = ['PartitionName', 'Range', 'List', 'Buckets']

/** What a copy must have in common with its table: SHOW PARTITIONS without ids, versions, times and sizes, and the columns of all indexes. */
export function layout(
  lab: LabCluster,
  database: string,
  table: string,
): { partitions: string[][]; columns: string[][] } {
  const name = quoteQualified(database, realName(table))
  const shown = lab.execute(`SHOW PARTITIONS FROM ${name}`)
  const places = layoutColumns.map((column) => shown.columns.findIndex(({ name: is }) => is === column))
  const partitions = shown.rows.map((row) =>
    places.map((place) => (place < 0 ? '' : neutral(String(row[place] ?? '')))),
  )
  const described = lab.execute(`DESC ${name} ALL`)
  return {
    partitions: partitions.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1)),
    columns: indexes(described.rows.map((row) => row.map((cell) => String(cell ?? '').replace(/,?BLOOM_FILTER$/, '')))),
  }
}

/** Indexes in the order of their names: the frontend lists them in the order of a hash. */
function indexes(rows: string[][]): string[][] {
  const groups: string[][][] = []
  for (const row of rows) {
    if (row[0]) groups.push([])
    if (row[2]) groups.at(-1)?.push(row)
  }
  return groups.sort((a, b) => ((a[0]?.[0] ?? '') < (b[0]?.[0] ?? '') ? -1 : 1)).flat()
}

/** List values in one form: 3.1 and 3.3 print no JSON. */
function neutral(text: string): string {
  if (text === '' || text.startsWith('[types')) return text
  if (text.startsWith('[')) return (JSON.parse(text) as string[][]).flat().join('|')
  return text
    .replace(/^\(\(?'|'\)?\)$/g, '')
    .split(/'\), \('|', '/)
    .join('|')
}

/** The name that a statement's \`name\` stands for: StarRocks drops backticks instead of unescaping them. */
export const realName = (name: string) => name.replaceAll('`', '')
