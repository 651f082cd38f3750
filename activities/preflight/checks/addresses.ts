import type { Finding } from '../../../contract/index.ts'
import { type Address, assertReachable, isAtLeast, mapAddress } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import { explain } from '../connect.ts'
import type { Check, PreflightContext } from '../context.ts'

interface Door {
  address: Address
  finding: (why: string) => Finding
}

/**
 * Every address that a migration uses, tried from here: frontends of both clusters (query, rpc, http), and the source's nodes, which only the target's
 * nodes must reach – what fails there is told, not held against the migration.
 */
export const checkAddresses: Check = async (context) => {
  const doors = [...(await frontendDoors(context)), ...nodeDoors(context)]
  const found = await mapConcurrently(doors, 20, async ({ address, finding }) => {
    try {
      await assertReachable(address, { timeoutMs: 3_000, signal: context.signal })
      return undefined
    } catch (error) {
      context.signal?.throwIfAborted()
      return finding(explain(error))
    }
  })
  return found.filter((finding) => finding !== undefined)
}

async function frontendDoors({ source, target }: PreflightContext): Promise<Door[]> {
  const doors: Door[] = []
  for (const frontend of await target.side.cluster.frontends()) {
    const leads = frontend.role === 'LEADER'
    const add = (port: number, what: string, level: Finding['level'], effect: string) =>
      doors.push({
        address: { host: frontend.host, port },
        finding: (why) => ({
          code: 'frontend-unreachable',
          level,
          subject: `${target.side.name} ${frontend.host}`,
          message: `${what} of frontend ${frontend.host} of ${target.side.name} cannot be reached from here (${why}): ${effect}`,
          remedy: `Open port ${port}, or map the address in \`addressMap\` of ${target.side.name}`,
        }),
      })
    add(
      frontend.rpcPort,
      `rpc_port ${frontend.rpcPort}`,
      leads ? 'fatal' : 'warning',
      leads ? 'no replication can be started' : 'replication cannot be started when it becomes the leader',
    )
    add(frontend.httpPort, `http_port ${frontend.httpPort}`, 'warning', 'running jobs cannot be cancelled through it')
    if (!leads) {
      add(
        frontend.queryPort,
        `query_port ${frontend.queryPort}`,
        'warning',
        'the migration waits when it becomes the leader',
      )
    }
  }
  const sourceLake = source.side.runMode === 'shared_data'
  for (const frontend of await source.side.cluster.frontends()) {
    const leads = frontend.role === 'LEADER'
    if (sourceLake && leads) {
      doors.push({
        address: { host: frontend.host, port: frontend.httpPort },
        finding: (why) => ({
          code: 'frontend-unreachable',
          level: 'fatal',
          subject: `${source.side.name} ${frontend.host}`,
          message: `http_port ${frontend.httpPort} of the leader of ${source.side.name} cannot be reached from here (${why}): a shared-data source tells its service id only there`,
          remedy: `Open port ${frontend.httpPort}, or map the address in \`addressMap\` of ${source.side.name}`,
        }),
      })
    }
    if (!leads) {
      doors.push({
        address: { host: frontend.host, port: frontend.queryPort },
        finding: (why) => ({
          code: 'frontend-unreachable',
          level: 'warning',
          subject: `${source.side.name} ${frontend.host}`,
          message: `query_port ${frontend.queryPort} of frontend ${frontend.host} of ${source.side.name} cannot be reached from here (${why}): the migration waits when it becomes the leader`,
          remedy: `Open the port, or map the address in \`addressMap\` of ${source.side.name}`,
        }),
      })
    }
  }
  return doors
}

function nodeDoors({ source }: PreflightContext): Door[] {
  if (source.side.runMode === 'shared_data') return []
  const { addressMap } = source.side.handle
  // Only since 3.3 columns can be renamed.
  const asked = isAtLeast(source.side.version, 3, 3)
  const need = {
    bePort: 'the migration itself does not need it',
    httpPort: asked
      ? 'without it nothing tells of columns that were renamed at the source, which the replication would fill with wrong values or none: tables whose columns were ever changed wait, unless allow.renamedColumns is set'
      : 'the migration itself does not need it',
  }
  return source.backends
    .filter((node) => node.alive)
    .flatMap((node) =>
      (['bePort', 'httpPort'] as const).map((key): Door => {
        const address = mapAddress(addressMap, node.host, node[key])
        const where = `${address.host}:${address.port}`
        return {
          address,
          finding: (why) => ({
            code: 'backend-not-reachable-from-here',
            level: key === 'httpPort' && asked ? 'warning' : 'info',
            subject: `${source.side.name} ${node.host}`,
            message: `${where} (${key === 'bePort' ? 'be_port' : 'be_http_port'} of a source backend) cannot be reached from here (${why}); ${need[key]}`,
            remedy: `The target's nodes must reach ${where}: check from one of them, e.g. with nc -z ${address.host} ${address.port}`,
          }),
        }
      }),
    )
}
