import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { check, InputError } from '../../contract/check.ts'
import { type MigrationSpecInput, migrationSpecSchema } from '../../contract/migration-spec.ts'
import { type ClusterConfig, clusterConfigSchema } from '../../contract/worker-config.ts'
import { readInput } from '../yaml-file.ts'
import type { ClusterInput, Draft } from './key-table.ts'
import { readHosts } from './read-hosts.ts'
import { type ImportedKey, readSync } from './read-sync.ts'

export interface SyncProperties {
  /** As a configuration file would say it; passwords and token in plain. */
  inputs: { source: ClusterInput; target: ClusterInput }
  clusters: { source: ClusterConfig; target: ClusterConfig }
  spec: MigrationSpecInput
  /** A line for each key. */
  keys: ImportedKey[]
}

/**
 * Reads StarRocks' own sync.properties and, where it is there, hosts.properties from a directory (or from its `conf`): clusters `source` and
 * `target`, and the spec of a migration between them. Errors: InputError.
 */
export function readSyncProperties(directory: string, name = 'sync'): SyncProperties {
  const folder = [directory, path.join(directory, 'conf')].find((each) =>
    existsSync(path.join(each, 'sync.properties')),
  )
  if (!folder) {
    const what =
      existsSync(directory) && statSync(directory).isDirectory() ? 'holds no sync.properties' : 'is no directory'
    throw new InputError(directory, [what])
  }
  const { draft, keys } = readSync(readInput(path.join(folder, 'sync.properties')), name)
  const hostsFile = path.join(folder, 'hosts.properties')
  const hosts = existsSync(hostsFile) ? readHosts(readInput(hostsFile)) : { source: {}, target: {}, keys: [] }
  const inputs = {
    source: clusterInput(draft.source, hosts.source),
    target: clusterInput(draft.target, hosts.target),
  }
  check(migrationSpecSchema, draft.spec, 'sync.properties')
  return {
    inputs,
    clusters: {
      source: check(clusterConfigSchema, inputs.source, 'sync.properties: source'),
      target: check(clusterConfigSchema, inputs.target, 'sync.properties: target'),
    },
    spec: draft.spec,
    keys: [...keys, ...hosts.keys],
  }
}

function clusterInput(draft: Draft['source'], addressMap: Record<string, string>): ClusterInput {
  const { host = '', port = 9030, secretKey: _used, frontends: _none, ...rest } = draft
  const bare = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return { frontends: [`${bare}:${port}`], ...rest, ...(Object.keys(addressMap).length > 0 ? { addressMap } : {}) }
}
