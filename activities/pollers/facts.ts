import {
  type Backend,
  type Capabilities,
  capabilities,
  frontendSetting,
  type StarRocksCluster,
} from '../../starrocks/index.ts'
import { SingleFlight } from './single-flight.ts'

/** Slowly changing facts of a cluster that many tables ask for; each is read once for all of them. */
export interface Facts {
  capabilities(): Promise<Capabilities>
  backends(): Promise<Backend[]>
  /** A whole number among the frontend's settings; undefined when this version does not have it. */
  limit(key: string): Promise<number | undefined>
}

const NODES_AGE_MS = 10_000
const LIMIT_AGE_MS = 60_000
const CAPABILITIES_AGE_MS = 60_000

const known = new WeakMap<StarRocksCluster, Facts>()

export function facts(cluster: StarRocksCluster): Facts {
  let found = known.get(cluster)
  if (!found) {
    found = read(cluster)
    known.set(cluster, found)
  }
  return found
}

function read(cluster: StarRocksCluster): Facts {
  const able = new SingleFlight(() => capabilities(cluster))
  const nodes = new SingleFlight(() => cluster.backends())
  const limits = new Map<string, SingleFlight<number | undefined>>()
  return {
    capabilities: () => able.recent(CAPABILITIES_AGE_MS),
    backends: () => nodes.recent(NODES_AGE_MS),
    limit(key) {
      let limit = limits.get(key)
      if (!limit) {
        limit = new SingleFlight(async () => {
          const value = Number((await frontendSetting(cluster, key))?.value ?? Number.NaN)
          return Number.isSafeInteger(value) ? value : undefined
        })
        limits.set(key, limit)
      }
      return limit.recent(LIMIT_AGE_MS)
    },
  }
}
