import { z } from 'zod'

const seconds = (fallback: number) => z.number().positive().default(fallback)

/** Past the last one, Node.js and drivers complain of a port without saying whose. */
const portFits = (address: string) => Number(/:(\d+)$/.exec(address)?.[1] ?? 0) <= 65_535
const NO_PORT = 'a port is a number up to 65535'

const listen = z
  .string()
  .regex(/^off$|^(\[.+\]|[^:]*):\d+$/, {
    error: ({ input }) => `'${input}' is no address: write host:port, or off`,
  })
  .refine(portFits, NO_PORT)

const tls = z.union([
  z.boolean(),
  z.strictObject({
    ca: z.string().optional().describe('PEM text; usually ${file:/path/ca.pem}'),
    cert: z.string().optional(),
    key: z.string().optional(),
    serverName: z.string().optional(),
    verify: z.boolean().default(true),
  }),
])

export const clusterConfigSchema = z.strictObject({
  frontends: z
    .array(
      z
        .string()
        .regex(/^[^\s:]+(:\d+)?$|^\[[0-9a-fA-F:]+\](:\d+)?$/, 'write host or host:port (query port, 9030 unless given)')
        .refine(portFits, NO_PORT),
    )
    .min(1)
    .describe('Any frontends, host[:queryPort]; the leader is found from them'),
  user: z.string().default('root'),
  password: z.string().default('').describe('${env:NAME} or ${file:/path} keep it out of the file'),
  token: z.string().optional().describe("A source's cluster token: grep token fe/meta/image/VERSION"),
  tls: tls.default(false),
  addressMap: z
    .record(z.string(), z.string())
    .default({})
    .describe('address as the cluster prints it: address that reaches it[;port:port,…]'),
  connectTimeout: seconds(30),
  statementTimeout: seconds(60),
  connections: z
    .int()
    .positive()
    .max(64)
    .default(4)
    .describe('Connections to the leader at most; statements that take long leave one of them, or have a second'),
})
export type ClusterConfig = z.output<typeof clusterConfigSchema>

/** A repository as StarRocks knows it, and how the worker itself reads it. */
export const repositoryConfigSchema = z.strictObject({
  location: z.string().min(1).describe('As in CREATE REPOSITORY: s3a://bucket/path, hdfs://…, oss://…'),
  properties: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      "Properties of CREATE REPOSITORY, StarRocks' own keys; ${env:NAME} or ${file:/path} keep secrets out of the file",
    ),
  clusters: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Clusters that use it; all configured ones unless given. Retention deletes nothing while one of them cannot be asked whether a job reads there',
    ),
  access: z
    .strictObject({
      endpoint: z.string().optional().describe('How the worker reaches the store, where that differs from the cluster'),
      region: z.string().optional(),
      accessKey: z.string().optional(),
      secretKey: z.string().optional(),
      pathStyle: z.boolean().optional(),
      webHdfs: z
        .union([z.string(), z.array(z.string())])
        .optional()
        .describe('http://namenode:9870, one or several'),
      enabled: z
        .boolean()
        .default(true)
        .describe('false: the worker cannot reach it; only what the cluster can do is done'),
    })
    .prefault({}),
})
export type RepositoryConfig = z.output<typeof repositoryConfigSchema>

/** `starferry.yaml`: belongs to the worker. Secrets live only here. */
export const workerConfigSchema = z.strictObject({
  clusters: z.record(z.string().min(1), clusterConfigSchema).default({}),
  repositories: z.record(z.string().min(1), repositoryConfigSchema).default({}),
  webhooks: z.record(z.string().min(1), z.string()).default({}).describe('Addresses that policies notify, by name'),
  temporal: z
    .strictObject({
      address: z.string().refine(portFits, NO_PORT).default('127.0.0.1:7233'),
      namespace: z.string().default('default'),
      tls: tls.default(false),
      apiKey: z.string().optional(),
    })
    .prefault({}),
  worker: z
    .strictObject({
      activities: z.int().positive().default(200).describe('Activities at once in this process'),
      health: listen.default('127.0.0.1:7280').describe('host:port of /healthz, /readyz; `off` for none'),
      drainSeconds: seconds(30),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      metrics: listen.default('127.0.0.1:7281').describe('host:port of Prometheus /metrics; `off` for none'),
      logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
    })
    .prefault({}),
})
export type WorkerConfigInput = z.input<typeof workerConfigSchema>
export type WorkerConfig = z.output<typeof workerConfigSchema>
