import { ApplicationFailure } from '@temporalio/common'
import type { ClusterHandle } from '../activities/dependencies.ts'
import { nearest } from '../contract/check.ts'
import type { ClusterConfig, WorkerConfig } from '../contract/worker-config.ts'
import { addressMapOf, StarRocksCluster, type StatementEvent, type TlsOptions } from '../starrocks/index.ts'

const DEFAULT_QUERY_PORT = 9030

/** The configured clusters. Sessions are opened when they are first used. */
export interface Clusters {
  get(name: string): ClusterHandle
  close(): Promise<void>
}

/** Errors: StarRocksError for an address map that cannot be read. `get` throws a non-retryable ApplicationFailure `UnknownCluster`. */
export function createClusters(config: WorkerConfig, onStatement?: (event: StatementEvent) => void): Clusters {
  const handles = new Map<string, ClusterHandle>()
  for (const [name, cluster] of Object.entries(config.clusters)) {
    const addressMap = addressMapOf(cluster.addressMap)
    handles.set(name, {
      cluster: new StarRocksCluster({
        name,
        frontends: cluster.frontends.map(parseAddress),
        user: cluster.user,
        password: cluster.password,
        tls: tlsOptions(cluster.tls),
        connectTimeoutMs: cluster.connectTimeout * 1000,
        socketTimeoutMs: cluster.statementTimeout * 1000,
        poolSize: cluster.connections,
        addressMap,
        onStatement,
      }),
      token: cluster.token,
      addressMap,
      user: cluster.user,
      password: cluster.password,
    })
  }
  return {
    get: (name) => handles.get(name) ?? unknown(name, [...handles.keys()]),
    close: async () => {
      await Promise.allSettled([...handles.values()].map((handle) => handle.cluster.close()))
    },
  }
}

function unknown(name: string, known: string[]): never {
  const near = nearest(name, known)
  const hint = known.length === 0 ? 'none is configured' : `configured are ${known.join(', ')}`
  throw ApplicationFailure.nonRetryable(
    `The worker's configuration has no cluster '${name}'${near ? `; did you mean '${near}'?` : ''} (${hint})`,
    'UnknownCluster',
  )
}

/** `host`, `host:port`, `[v6]:port`. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text)
  return { host: match?.[1] ?? match?.[2] ?? text, port: match?.[3] ? Number(match[3]) : DEFAULT_QUERY_PORT }
}

function tlsOptions(tls: ClusterConfig['tls']): TlsOptions | undefined {
  if (tls === false) return undefined
  if (tls === true) return {}
  const { verify, serverName, ...pem } = tls
  // mysql2 checks the certificate against the host; a name of its own is given as for any TLS socket.
  return { ...pem, rejectUnauthorized: verify, ...(serverName ? { servername: serverName } : {}) }
}
