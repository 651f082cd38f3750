import { type Address, type AddressMap, sameAddress } from '../address-map.ts'
import { StarRocksError, UnreachableError } from '../errors/starrocks-error.ts'
import type { Row } from '../row.ts'
import { type Frontend, readFrontends } from '../show/nodes.ts'
import type { Connection } from './connection.ts'

export interface Leader {
  leader: Frontend
  frontends: Frontend[]
  /** Where the leader's query port is reached from here. */
  address: Address
}

/** A confirmed leader with the connection over which it was confirmed. */
export interface FoundLeader extends Leader {
  connection: Connection
}

/** How often one frontend may point to another before it counts as not knowing. */
const maxHops = 5

/**
 * Finds the leader: asks one frontend after the other (SHOW FRONTENDS, Role LEADER), goes where it points, and believes it only when the
 * one it points to says so itself; a follower that is cut off goes on naming the old one.
 *
 * Errors: `Denied` at once (each further try might lock the account), `Unreachable` when nobody can be reached, `NotLeader` when nobody
 * that answers is or knows the leader.
 */
export async function findLeader(
  candidates: readonly Address[],
  open: (address: Address) => Promise<Connection>,
  map: AddressMap | undefined,
): Promise<FoundLeader> {
  const failures: string[] = []
  let failure: StarRocksError | undefined
  const asked = new Set<string>()
  let answered = false
  for (const candidate of candidates) {
    let at: Address | undefined = candidate
    for (let hop = 0; at && hop < maxHops; hop++) {
      const key = `${at.host.toLowerCase()}:${at.port}`
      if (asked.has(key)) break
      asked.add(key)
      const answer = await ask(at, open, map)
      if (answer instanceof StarRocksError) {
        if (answer.kind === 'Denied') throw answer
        failure = answer
        failures.push(`${key}: ${answer.detail}`)
        break
      }
      answered = true
      if ('connection' in answer) return answer
      if (!answer.next) failures.push(`${key}: names no living leader`)
      at = answer.next
    }
  }
  const detail = failures.join('; ')
  if (answered) {
    throw new StarRocksError({
      kind: 'NotLeader',
      detail: `No frontend confirms to be the leader (${detail})`,
      remedy:
        'An election may be going on; otherwise check that the leader’s address (SHOW FRONTENDS) can be reached from here, or map it in the address map',
      retryAfterMs: 2000,
    })
  }
  // The only one's own error knows best what to do.
  if (failure && failures.length === 1) throw failure
  throw new UnreachableError(`No frontend can be reached (${detail})`, 'Check the frontends’ hosts and query ports')
}

/** Whether the frontend reached at `at`, which gave these rows of SHOW FRONTENDS, says that it is the leader itself. */
export function confirmLeader(
  rows: readonly Row[],
  map: AddressMap | undefined,
  at: Address,
): Pick<Leader, 'leader' | 'frontends'> | undefined {
  const frontends = readFrontends(rows, map, at)
  const leader = frontends.find((frontend) => frontend.role === 'LEADER')
  if (!leader) return undefined
  // With a single frontend there is nobody else whom we could be talking to, under whatever address.
  if (frontends.length > 1 && !sameAddress({ host: leader.host, port: leader.queryPort }, at)) return undefined
  return { leader, frontends }
}

async function ask(
  at: Address,
  open: (address: Address) => Promise<Connection>,
  map: AddressMap | undefined,
): Promise<FoundLeader | { next: Address | undefined } | StarRocksError> {
  let connection: Connection | undefined
  let keep = false
  try {
    connection = await open(at)
    const { rows } = await connection.run('SHOW FRONTENDS', { timeoutMs: 30_000 })
    const confirmed = confirmLeader(rows, map, at)
    if (!confirmed) {
      const other = readFrontends(rows, map).find((frontend) => frontend.role === 'LEADER')
      return { next: other && { host: other.host, port: other.queryPort } }
    }
    keep = true
    return { ...confirmed, address: at, connection }
  } catch (error) {
    if (error instanceof StarRocksError) return error
    throw error
  } finally {
    if (!keep) connection?.destroy()
  }
}
