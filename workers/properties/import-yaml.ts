import type { MigrationSpecInput } from '../../contract/migration-spec.ts'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import type { ClusterInput } from './key-table.ts'
import { readSyncProperties } from './read-directory.ts'
import type { ImportedKey } from './read-sync.ts'

export interface Imported {
  config: WorkerConfigInput
  spec: MigrationSpecInput
  keys: ImportedKey[]
  /** Environment variables that stand for what was secret in the file. */
  variables: { variable: string; key: string }[]
}

/** StarRocks' own files as configuration and spec. Secrets become variables unless they are asked for. Errors: InputError. */
export function importProperties(directory: string, options: { name: string; withSecrets?: boolean }): Imported {
  const { inputs, spec, keys } = readSyncProperties(directory, options.name)
  const variables: Imported['variables'] = []
  const hide = (side: 'source' | 'target'): ClusterInput => {
    const cluster = { ...inputs[side] }
    for (const secret of ['password', 'token'] as const) {
      const value = cluster[secret]
      if (!value) continue
      if (options.withSecrets) cluster[secret] = value.replaceAll('${', '$${')
      else {
        const variable = `${side}_${secret}`.toUpperCase()
        cluster[secret] = `\${env:${variable}}`
        variables.push({ variable, key: `${side}_cluster_${secret}` })
      }
    }
    return cluster
  }
  return { config: { clusters: { source: hide('source'), target: hide('target') } }, spec, keys, variables }
}
