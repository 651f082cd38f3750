import type { Frontend, StarRocksCluster } from '../../starrocks/index.ts'
import { SingleFlight } from '../pollers/single-flight.ts'

const AGE_MS = 5_000

/**
 * Which frontend leads, and since when it runs: another text means that the leader changed or was restarted, which some states of backup and
 * restore jobs do not survive. As it was `maxAgeMs` ago at the earliest. Undefined when no frontend leads at the moment.
 */
export async function leaderIdentity(cluster: StarRocksCluster, maxAgeMs = AGE_MS): Promise<string | undefined> {
  const leader = (await frontends(cluster, maxAgeMs)).find(({ role }) => role === 'LEADER')
  return leader && `${leader.name} since ${leader.startTime}`
}

/** See Frontend; undefined where the cluster tells none. */
export async function clusterId(cluster: StarRocksCluster, maxAgeMs = AGE_MS): Promise<string | undefined> {
  return (await frontends(cluster, maxAgeMs)).find((frontend) => frontend.clusterId)?.clusterId
}

function frontends(cluster: StarRocksCluster, maxAgeMs: number): Promise<Frontend[]> {
  let flight = flights.get(cluster)
  if (!flight) {
    flight = new SingleFlight(() => cluster.frontends({ urgent: true }))
    flights.set(cluster, flight)
  }
  return flight.recent(maxAgeMs)
}

const flights = new WeakMap<StarRocksCluster, SingleFlight<Frontend[]>>()
