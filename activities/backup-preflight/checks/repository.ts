import { ApplicationFailure } from '@temporalio/common'
import type { Finding } from '../../../contract/findings.ts'
import { fatal, info, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { checkRepositoryDefinition, showRepositories, withoutSlash } from '../../../starrocks/index.ts'
import type { RepositoryHandle } from '../../dependencies.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** The repository as the configuration has it; a finding when it has none of the name. */
export function configured({ deps, spec }: Pick<ClusterFacts, 'deps' | 'spec'>): RepositoryHandle | Finding {
  try {
    return deps.repository(spec.repository)
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    return fatal(
      'unknown-repository',
      spec.repository,
      error.message,
      `Add ${spec.repository} to \`repositories\` of the worker's starferry.yaml, or name a known one`,
    )
  }
}

/** The repository as the cluster has it: there, at the same place, working, and not read-only where it is to be written to. */
export async function checkRepository(context: ClusterFacts, scheduled = false): Promise<Finding[]> {
  const handle = configured(context)
  if ('code' in handle) return [handle]
  const { side, of, spec, signal } = context
  const { name, location } = handle
  const found = (await showRepositories(side.cluster, { signal })).find((one) => one.name === name)
  const subject = `${spec.cluster} ${name}`
  if (!found) {
    const definition = { name, location, properties: { ...handle.properties } }
    const mistakes = checkRepositoryDefinition(definition, side.version).map(({ severity, message, remedy }) =>
      (severity === 'error' ? fatal : warning)('repository-definition', subject, message, remedy),
    )
    const missing =
      of === 'backup'
        ? fatal(
            'repository-missing',
            subject,
            `${spec.cluster} has no repository ${name}`,
            `Create it: starferry repo create ${name} --cluster ${spec.cluster}`,
          )
        : info(
            'repository-missing',
            subject,
            `${spec.cluster} has no repository ${name}: it is attached read-only for the restore, and dropped afterwards`,
          )
    return [missing, ...mistakes]
  }
  if (withoutSlash(found.location) !== withoutSlash(location)) {
    return [
      fatal(
        'repository-elsewhere',
        subject,
        `Repository ${name} of ${spec.cluster} lies at ${found.location}, that of the configuration at ${location}`,
        'Correct the configuration, or drop the cluster’s repository (what is stored stays) and create it again',
      ),
    ]
  }
  if (found.error !== undefined) {
    return [
      // The leader looks at it now and then: by the time of the job it may be well again.
      (scheduled ? warning : fatal)(
        'repository-error',
        subject,
        `${spec.cluster} cannot use repository ${name}: ${found.error}`,
        'Look at the store, its keys and the network of frontends and backends; rotated keys need DROP and CREATE REPOSITORY',
      ),
    ]
  }
  if (found.readOnly && of === 'backup') {
    return [
      fatal(
        'repository-read-only',
        subject,
        `Repository ${name} is read-only on ${spec.cluster}`,
        'Drop it (what is stored stays) and create it again without READ ONLY',
      ),
    ]
  }
  if (found.readOnly) {
    return [
      info(
        'repository-read-only',
        subject,
        `Repository ${name} is read-only on ${spec.cluster}: tables whose backup is a chain cannot be moved by another snapshot`,
      ),
    ]
  }
  return []
}
