import type { StarRocksCluster } from '../../starrocks/index.ts'
import { SingleFlight } from '../pollers/single-flight.ts'

const AGE_MS = 5_000

/**
 * Which frontend leads, and since when it runs: another text means that the leader changed or was restarted, which some states of backup and
 * restore jobs do not survive. As it was `maxAgeMs` ago at the earliest. Undefined when no frontend leads at the moment.
 */
export async function leaderIdentity(cluster: StarRocksCluster, maxAgeMs = AGE_MS): Promise<string | undefined> {
  let flight = flights.get(cluster)
  if (!flight) {
    flight = new SingleFlight(async () => {
      const { rows } = await cluster.query('SHOW FRONTENDS', { urgent: true })
      const leader = rows.find((row) => (row.get('Role') ?? '').toUpperCase() === 'LEADER')
      return leader && `${leader.get('Name')} since ${leader.get('StartTime')}`
    })
    flights.set(cluster, flight)
  }
  return flight.recent(maxAgeMs)
}

const flights = new WeakMap<StarRocksCluster, SingleFlight<string | undefined>>()
