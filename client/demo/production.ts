import { randomBytes } from 'node:crypto'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import { LabCluster } from '../../lab/index.ts'
import { demoScenario, type Scenario } from '../../lab/scenario/demo.ts'
import type { S3Server } from '../s3-server/s3-server.ts'

export interface ProductionOptions {
  timeFactor: number
  seed: number
  password?: string
  say(line: string): void
}

/** A cluster that is worth backing up, and an S3 server with a bucket to back it up into. */
export interface Production {
  cluster: LabCluster
  scenario: Scenario
  store: S3Server
  clusters: NonNullable<WorkerConfigInput['clusters']>
  repositories: NonNullable<WorkerConfigInput['repositories']>
  stop(): Promise<void>
}

export const PRODUCTION = 'production'
export const VAULT = 'vault'
const BUCKET = 'backups'
const VERSION = '3.5'

/** Errors: NoS3ServerError when no S3 server can be had. */
export async function startProduction({
  timeFactor,
  seed,
  password = '',
  say,
}: ProductionOptions): Promise<Production> {
  const { startS3Server } = await import('../s3-server/s3-server.ts')
  const [accessKey, secretKey] = ['starferry', randomBytes(12).toString('hex')]
  const store = await startS3Server({ accessKey, secretKey, buckets: [BUCKET], say })
  try {
    const cluster = await LabCluster.start({
      name: PRODUCTION,
      version: VERSION,
      nodes: 3,
      frontends: 1,
      rootPassword: password,
      timeFactor,
    })
    const scenario = demoScenario({ version: VERSION, runMode: 'shared_nothing' }, seed)
    for (const statement of scenario.statements) cluster.execute(statement)
    return {
      cluster,
      scenario,
      store,
      clusters: {
        [PRODUCTION]: {
          frontends: cluster.endpoints.frontends.map(({ host, queryPort }) => `${host}:${queryPort}`),
          user: 'root',
          password,
        },
      },
      repositories: {
        [VAULT]: {
          location: `s3a://${BUCKET}/starrocks`,
          properties: {
            'aws.s3.access_key': accessKey,
            'aws.s3.secret_key': secretKey,
            'aws.s3.endpoint': store.endpoint,
            'aws.s3.region': store.region,
            'aws.s3.enable_path_style_access': 'true',
            'aws.s3.enable_ssl': 'false',
          },
        },
      },
      stop: async () => {
        await Promise.allSettled([cluster.stop(), store.stop()])
      },
    }
  } catch (error) {
    await store.stop()
    throw error
  }
}
