import type { StarRocksCluster } from '../../starrocks/index.ts'
import { SingleFlight } from '../pollers/single-flight.ts'

const AGE_MS = 5_000

/** What a cluster tells of itself. */
interface Identity {
  leader?: string
  clusterId?: string
}

/**
 * Which frontend leads, and since when it runs: another text means that the leader changed or was restarted, which some states of backup and
 * restore jobs do not survive. As it was `maxAgeMs` ago at the earliest. Undefined when no frontend leads at the moment.
 */
export async function leaderIdentity(cluster: StarRocksCluster, maxAgeMs = AGE_MS): Promise<string | undefined> {
  return (await identity(cluster, maxAgeMs)).leader
}

/** The number that a cluster got when it was set up and keeps for ever; undefined where it tells none. Source: SHOW FRONTENDS. */
export async function clusterId(cluster: StarRocksCluster, maxAgeMs = AGE_MS): Promise<string | undefined> {
  return (await identity(cluster, maxAgeMs)).clusterId
}

function identity(cluster: StarRocksCluster, maxAgeMs: number): Promise<Identity> {
  let flight = flights.get(cluster)
  if (!flight) {
    flight = new SingleFlight(() => read(cluster))
    flights.set(cluster, flight)
  }
  return flight.recent(maxAgeMs)
}

async function read(cluster: StarRocksCluster): Promise<Identity> {
  const { rows } = await cluster.query('SHOW FRONTENDS', { urgent: true })
  const leader = rows.find((row) => (row.get('Role') ?? '').toUpperCase() === 'LEADER')
  const id = rows.map((row) => row.get('ClusterId')).find((text) => text)
  return {
    ...(leader ? { leader: `${leader.get('Name')} since ${leader.get('StartTime')}` } : {}),
    ...(id ? { clusterId: id } : {}),
  }
}

const flights = new WeakMap<StarRocksCluster, SingleFlight<Identity>>()
