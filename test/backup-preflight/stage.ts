import type { Client } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { createBackupPreflightActivities } from '../../activities/backup-preflight/index.ts'
import type { Dependencies } from '../../activities/dependencies.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import {
  type BackupSpec,
  type BackupSpecInput,
  backupSpecSchema,
  type PolicySpec,
  type PolicySpecInput,
  policySchema,
} from '../../contract/backup/index.ts'
import type { DoctorResult, Finding } from '../../contract/findings.ts'
import { workerConfigSchema } from '../../contract/worker-config.ts'
import { LabCluster, type LabClusterOptions } from '../../lab/index.ts'
import { addressMapOf, StarRocksCluster } from '../../starrocks/index.ts'
import { createRepositories } from '../../workers/repositories.ts'
import { quietEnvironment } from '../metadata/lab-pair.ts'

export const REPOSITORY = 'vault'
const LOCATION = 's3a://backups/vault'

/** A lab cluster with a repository in a real S3 server, and activities on them without Temporal. */
export class PreflightStage {
  readonly lab: LabCluster
  readonly deps: Dependencies
  readonly s3: S3Server
  readonly #clusters = new Map<string, StarRocksCluster>()
  #now = () => Date.now()

  private constructor(lab: LabCluster, s3: S3Server, location: string, more: { otherEndpoint?: string }) {
    this.lab = lab
    this.s3 = s3
    const config = workerConfigSchema.shape.repositories.parse({
      [REPOSITORY]: { location, properties: s3Properties(s3) },
      away: { location: 's3a://backups/away', properties: s3Properties(s3), access: { enabled: false } },
      dead: {
        location: 's3a://backups/dead',
        properties: { ...s3Properties(s3), 'aws.s3.endpoint': 'http://127.0.0.1:9' },
      },
      elsewhere: {
        location: 's3a://backups/one',
        properties: s3Properties(s3),
        access: { endpoint: more.otherEndpoint },
      },
      crooked: {
        location: 's3://backups/crooked/',
        properties: { 'aws.s3.access_key': 'k', 'aws.s3.secret_key': 's' },
      },
    })
    const repositories = createRepositories({ repositories: config, webhooks: {} })
    this.loginAs('root', '')
    this.deps = {
      repository: repositories.get,
      repositoryNames: repositories.names,
      webhook: repositories.webhook,
      clusterNames: () => ['lab'],
      cluster: (name) => {
        const cluster = this.#clusters.get(name)
        if (cluster) return { cluster, addressMap: addressMapOf({}), user: cluster.options.user, password: '' }
        throw ApplicationFailure.create({
          type: 'UnknownCluster',
          nonRetryable: true,
          message: `There is no cluster ${name}; known are lab`,
        })
      },
      // None of these activities talks to Temporal.
      client: undefined as unknown as Client,
      metrics: { count: () => undefined, gauge: () => undefined, duration: () => undefined },
      clock: { now: () => this.#now() },
    }
  }

  static async start(
    s3: S3Server,
    options: Partial<LabClusterOptions> & { repository?: boolean; location?: string; otherEndpoint?: string } = {},
  ): Promise<PreflightStage> {
    const { repository = true, location = LOCATION, otherEndpoint, ...cluster } = options
    const lab = await LabCluster.start({ name: 'lab', version: '3.5', timeFactor: 300, ...cluster })
    const stage = new PreflightStage(lab, s3, location, { otherEndpoint })
    if (repository) await stage.createRepository()
    return stage
  }

  async createRepository(name = REPOSITORY, { readOnly = false, location = LOCATION } = {}): Promise<void> {
    const properties = Object.entries(s3Properties(this.s3)).map(([key, value]) => `'${key}' = '${value}'`)
    await this.lab.run(
      `CREATE ${readOnly ? 'READ ONLY ' : ''}REPOSITORY ${name} WITH BROKER ON LOCATION '${location}' PROPERTIES (${properties.join(', ')})`,
    )
  }

  /** As somebody else from now on. */
  loginAs(user: string, password: string): void {
    void this.#clusters.get('lab')?.close()
    const frontends = this.lab.endpoints.frontends.map(({ host, queryPort }) => ({ host, port: queryPort }))
    this.#clusters.set('lab', new StarRocksCluster({ name: 'lab', frontends, user, password }))
  }

  clockIs(now: () => number): void {
    this.#now = now
  }

  execute(...statements: string[]): void {
    for (const sql of statements) this.lab.execute(sql)
  }

  spec(objects: BackupSpecInput['objects'], more: Partial<BackupSpecInput> = {}) {
    return backupSpecSchema.parse({ name: 'once', cluster: 'lab', repository: REPOSITORY, objects, ...more })
  }

  policy(objects: BackupSpecInput['objects'], more: Partial<PolicySpecInput> = {}) {
    const schedule = { everyMinutes: 60 }
    return policySchema.parse({ name: 'policy', cluster: 'lab', repository: REPOSITORY, objects, schedule, ...more })
  }

  /** What the preflight of a backup says. */
  async look(
    objects: BackupSpecInput['objects'] = { databases: ['*'] },
    more: Partial<BackupSpecInput> & { scheduled?: boolean } = {},
  ): Promise<DoctorResult> {
    const { scheduled, ...rest } = more
    return this.lookAt(scheduled ? this.policy(objects, rest) : this.spec(objects, rest))
  }

  lookAt(spec: BackupSpec | PolicySpec): Promise<DoctorResult> {
    return this.run(createBackupPreflightActivities(this.deps).preflightBackup, { spec })
  }

  /** As a policy does: what cannot be reached is an error. */
  lookPatiently(): Promise<DoctorResult> {
    const spec = this.policy({ databases: ['*'] })
    return this.run(createBackupPreflightActivities(this.deps).preflightBackup, { spec, patient: true })
  }

  use(cluster: StarRocksCluster): void {
    void this.#clusters.get('lab')?.close()
    this.#clusters.set('lab', cluster)
  }

  run<I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> {
    return quietEnvironment().run(activity, input)
  }

  async stop(): Promise<void> {
    for (const cluster of this.#clusters.values()) await cluster.close()
    await this.lab.stop()
  }
}

export const s3Properties = (s3: S3Server): Record<string, string> => ({
  'aws.s3.access_key': s3.accessKey,
  'aws.s3.secret_key': s3.secretKey,
  'aws.s3.endpoint': s3.endpoint,
  'aws.s3.region': 'us-east-1',
  'aws.s3.enable_path_style_access': 'true',
  'aws.s3.enable_ssl': 'false',
})

export function find(result: DoctorResult, code: string): Finding {
  const found = result.findings.find((finding) => finding.code === code)
  if (!found) throw new Error(`no ${code} among ${JSON.stringify(result.findings, null, 1)}`)
  return found
}

export const codes = (result: DoctorResult) => result.findings.map(({ code }) => code)
export const fatalCodes = (result: DoctorResult) =>
  result.findings.filter(({ level }) => level === 'fatal').map(({ code }) => code)
