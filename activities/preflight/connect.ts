import { ApplicationFailure } from '@temporalio/common'
import type { Finding, MigrationSpec } from '../../contract/index.ts'
import { probePrivileges, readProbes, StarRocksError } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { pause } from '../heartbeat.ts'
import { reasonOf } from '../metadata/failure.ts'
import { checkSameCluster } from './same-cluster.ts'

/** Whether both clusters are known, can be reached, let us in and let us read, and are two. One clear finding each; nothing else makes sense before. */
export async function checkConnections(
  deps: Dependencies,
  spec: MigrationSpec,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const found = await Promise.all([
    checkCluster(deps, spec.source, 'source', signal),
    checkCluster(deps, spec.target, 'target', signal),
  ])
  if (found.flat().length > 0) return found.flat()
  return checkSameCluster(deps, spec)
}

/** A connection that breaks once, or an election, is no reason not to start; a cluster that cannot be reached for so long is. */
const TRIES = 4
const BETWEEN_TRIES_MS = 1_000

/** The same of one cluster. `role`: what the request calls it. */
export async function checkCluster(
  deps: Dependencies,
  name: string,
  role: string,
  signal?: AbortSignal,
): Promise<Finding[]> {
  for (let tries = 1; ; tries++) {
    const found = await tryCluster(deps, name, role, signal)
    if (tries === TRIES || !found.some((finding) => finding.code === 'cluster-unreachable')) return found
    await pause(BETWEEN_TRIES_MS, signal)
    signal?.throwIfAborted()
  }
}

async function tryCluster(deps: Dependencies, name: string, role: string, signal?: AbortSignal): Promise<Finding[]> {
  try {
    const { cluster } = deps.cluster(name)
    await cluster.leader()
    const probed = await probePrivileges(cluster, readProbes, { signal })
    return probed
      .filter((probe) => probe.allowed === false)
      .map((probe) => ({
        code: 'privilege-missing',
        level: 'fatal' as const,
        subject: name,
        message: `${cluster.options.user} may not ${probe.purpose} on ${name}: the privilege ${probe.missing ?? 'for it'} is missing`,
        remedy: grant(cluster.options.user, probe.missing),
      }))
  } catch (error) {
    signal?.throwIfAborted()
    return [toFinding(error, name, role)]
  }
}

function toFinding(error: unknown, name: string, role: string): Finding {
  const fatal = { level: 'fatal' as const, subject: name }
  if (error instanceof ApplicationFailure && error.type === 'UnknownCluster') {
    return {
      ...fatal,
      code: 'unknown-cluster',
      message: error.message,
      remedy: `Add ${name} to \`clusters\` of the worker's starferry.yaml, or name a known one as ${role}`,
    }
  }
  if (!(error instanceof StarRocksError)) throw error
  if (error.kind === 'Denied') {
    return error.errno === 1045 || !error.privilege
      ? {
          ...fatal,
          code: 'login-refused',
          message: `${name} refuses the login: ${error.detail}`,
          remedy: "Check user and password of the cluster in the worker's starferry.yaml",
        }
      : {
          ...fatal,
          code: 'privilege-missing',
          message: `The user of ${name} lacks the privilege ${error.privilege}: ${error.detail}`,
          remedy: grant('the user', error.privilege),
        }
  }
  return {
    ...fatal,
    code: 'cluster-unreachable',
    message: `${name} cannot be talked to: ${error.detail}`,
    remedy: error.remedy ?? `Check the frontends' addresses and query ports of ${name}, and that they run`,
  }
}

/** The statement that an administrator would run, or a hint where the text does not tell exactly what. */
export function grant(user: string, privilege: string | undefined): string {
  const known = /^([A-Z ]+?)(?: OR [A-Z ]+)? on SYSTEM$/i.exec(privilege ?? '')
  return known?.[1]
    ? `GRANT ${known[1]} ON SYSTEM TO USER '${user}', or use a user with the roles cluster_admin and db_admin`
    : 'Grant it, or use a user with the roles cluster_admin and db_admin'
}

export const explain = (error: unknown): string => (error instanceof StarRocksError ? error.detail : reasonOf(error))
