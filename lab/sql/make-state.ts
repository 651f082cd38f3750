import { randomInt, randomUUID } from 'node:crypto'
import type { LabFrontend, LabNode, LabRunMode, LabState, LabVersion } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import { builtinRoles } from './builtin-roles.ts'

export interface LabStateOptions {
  name: string
  version: LabVersion
  runMode: LabRunMode
  nodes: number
  frontends: number
  host: string
  rootPassword: string
  ports: { query: number; http: number; rpc: number }
}

const gigabyte = 2 ** 30

/** Shared by all clusters of the process: two of them never give out the same epoch, as real ones practically never do. */
let lastEpochMs = 0
let sequence = 0n

/** The state of a new, empty cluster. */
export const makeState = (options: LabStateOptions, profile: LabProfile): LabState => {
  let id = 10000n
  const started = Date.now()
  const nodes = Array.from(
    { length: options.nodes },
    (_, i): LabNode => ({
      id: BigInt(10001 + i),
      host: options.host,
      heartbeatPort: 12101 + i * 10,
      bePort: 0,
      httpPort: 0,
      brpcPort: 12100 + i * 10,
      alive: true,
      startedMs: started,
      diskTotal: 100 * gigabyte,
      diskUsed: 20 * gigabyte,
    }),
  )
  const frontends = Array.from(
    { length: options.frontends },
    (_, i): LabFrontend => ({
      id: BigInt(i + 1),
      name: `${options.host}_${9010 + i}_${started}`,
      host: options.host,
      editLogPort: 9010 + i,
      httpPort: i === 0 ? options.ports.http : 0,
      queryPort: i === 0 ? options.ports.query : 0,
      rpcPort: i === 0 ? options.ports.rpc : 0,
      role: i === 0 ? 'LEADER' : 'FOLLOWER',
      alive: true,
      startedMs: started,
    }),
  )
  id += BigInt(options.nodes) + 300n
  const state: LabState = {
    name: options.name,
    version: options.version,
    runMode: options.runMode,
    token: randomUUID(),
    clusterId: String(randomInt(2 ** 31)),
    serviceId: randomUUID(),
    databases: new Map(),
    frontends,
    nodes,
    users: new Map([['root', { name: 'root', password: options.rootPassword, privileges: new Set(['ALL']) }]]),
    roles: builtinRoles(options.version),
    catalogs: new Map(),
    globalFunctions: [],
    resources: new Map(),
    resourceGroups: new Map(),
    recycleBin: [],
    routineLoads: [],
    repositories: new Map(),
    snapshotJobs: new Map(),
    config: new Map(
      profile.settings.map(([key, aliases, value, type, mutable, comment]) => [
        key,
        { value, type, mutable: mutable === 'true', aliases, comment },
      ]),
    ),
    storageVolumes: new Map(),
    transactions: [],
    replicationJobs: [],
    nextId: () => ++id,
    nextEpoch: () => {
      const ms = Date.now()
      // Many in one millisecond: the sequence goes on, so that no two are equal.
      sequence = ms === lastEpochMs ? sequence + 1n : 0n
      lastEpochMs = ms
      return (BigInt(ms - Date.UTC(2020, 0, 1)) << 21n) | sequence
    },
    now: () => Date.now(),
  }
  const shadows = { value: 'false', type: 'boolean', mutable: true, aliases: '[]', comment: '' }
  state.config.set('enable_display_shadow_partitions', shadows)
  // Set in fe.conf of the lab's clusters, so that functions can be made.
  state.config.set('enable_udf', { value: 'true', type: 'boolean', mutable: false, aliases: '[]', comment: '' })
  if (options.runMode === 'shared_data') {
    state.storageVolumes.set('builtin_storage_volume', {
      type: 'S3',
      isDefault: true,
      location: 's3://lab',
      params:
        '{"aws.s3.access_key":"******","aws.s3.secret_key":"******","aws.s3.endpoint":"http://127.0.0.1:9000","aws.s3.region":"us-east-1","aws.s3.use_instance_profile":"false","aws.s3.use_web_identity_token_file":"false","aws.s3.use_aws_sdk_default_behavior":"false"}',
      enabled: true,
      comment: '',
    })
    const mode = state.config.get('run_mode')
    if (mode) mode.value = 'shared_data'
  }
  return state
}
