import type { CompanionEntry } from '../../planning/companion/script.ts'
import {
  type AccountStatements,
  accountStatements,
  listCatalogs,
  listGlobalFunctions,
  listResourceGroups,
  listStorageVolumes,
  maskSecrets,
  type StarRocksCluster,
  StarRocksError,
  showCreateCatalog,
} from '../../starrocks/index.ts'
import { isUnreachable } from '../metadata/failure.ts'
import { SingleFlight } from '../pollers/single-flight.ts'
import { accountEntries } from './account-entries.ts'
import { functionEntry } from './function-entry.ts'
import { resourceGroupEntry } from './resource-group-entry.ts'

/** What belongs to the cluster rather than to one of its databases. */
export interface ClusterPart {
  entries: CompanionEntry[]
  accounts?: { users: number; roles: number; missing: string[] }
  globalFunctions: string[]
  resources: string[]
  storageVolumes: string[]
  resourceGroups: string[]
  catalogs: string[]
  warnings: string[]
}

/** Databases of one set are saved one after the other: what they have in common is read once. */
const AGE_MS = 300_000

const known = new WeakMap<StarRocksCluster, SingleFlight<ClusterPart>>()

/** No older than some minutes; one for all who ask. Errors: StarRocksError of a cluster that cannot be talked to. */
export function clusterPart(cluster: StarRocksCluster): Promise<ClusterPart> {
  let flight = known.get(cluster)
  if (!flight) {
    flight = new SingleFlight(() => readClusterPart(cluster))
    known.set(cluster, flight)
  }
  return flight.recent(AGE_MS)
}

export async function readClusterPart(cluster: StarRocksCluster): Promise<ClusterPart> {
  const warnings: string[] = []
  const read = async <T>(what: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StarRocksError) || isUnreachable(error)) throw error
      // What a version does not have is nothing that could be missing.
      if (error.kind !== 'Syntax' && error.kind !== 'Unsupported') {
        warnings.push(`${what} of ${cluster.name} are not in the companion file: ${error.detail}`)
      }
      return undefined
    }
  }
  const accounts = await read('Users, roles and grants', () => accountStatements(cluster))
  const groups = (await read('Resource groups', () => listResourceGroups(cluster))) ?? []
  const functions = (await read('Global functions', () => listGlobalFunctions(cluster))) ?? []
  const catalogs = ((await read('External catalogs', () => listCatalogs(cluster))) ?? []).filter(
    ({ external }) => external,
  )
  const resources = (await read('Resources', () => resourceEntries(cluster))) ?? []
  const volumes = (await read('Storage volumes', () => listStorageVolumes(cluster))) ?? []
  const catalogTexts: CompanionEntry[] = []
  for (const { name } of catalogs) {
    const entry = await read(`The statement of catalog ${name}`, () => catalogEntry(cluster, name))
    if (entry) catalogTexts.push(entry)
  }
  const groupEntries = groups.flatMap((group) => resourceGroupEntry(group) ?? [])
  return {
    entries: [
      ...functions.map((one) => functionEntry(one)),
      ...(accounts ? accountEntries(accounts) : []),
      ...groupEntries,
      ...catalogTexts,
      ...resources,
      ...volumes.map(
        (name): CompanionEntry => ({ kind: 'storageVolume', name, statements: [], byHand: 'only its name is kept' }),
      ),
    ],
    ...(accounts ? { accounts: countsOf(accounts) } : {}),
    globalFunctions: functions.map(({ signature }) => signature),
    resources: resources.map(({ name }) => name),
    storageVolumes: volumes,
    resourceGroups: groupEntries.map(({ name }) => name),
    catalogs: catalogs.map(({ name }) => name),
    warnings,
  }
}

function countsOf({ statements, missing }: AccountStatements) {
  const withPassword = missing.filter((text) => /: create it with its /.test(text)).length
  return {
    users: withPassword + statements.filter((text) => /^CREATE USER/i.test(text)).length,
    roles: statements.filter((text) => /^CREATE ROLE/i.test(text)).length,
    missing,
  }
}

async function catalogEntry(cluster: StarRocksCluster, name: string): Promise<CompanionEntry> {
  const { text, masked } = await showCreateCatalog(cluster, name)
  // Not every version takes IF NOT EXISTS here.
  const statement = maskSecrets(text)
  const entry: CompanionEntry = { kind: 'catalog', name, statements: [statement] }
  if (masked.length > 0) return { ...entry, byHand: `StarRocks does not show ${masked.join(', ')}` }
  // Its password is not even printed masked.
  if (/"type"\s*=\s*"jdbc"/i.test(text)) return { ...entry, byHand: 'StarRocks does not show its password' }
  return statement === text ? entry : { ...entry, byHand: 'its secrets are left out' }
}

/** SHOW RESOURCES: a row for each property. Nothing prints the statement, and secrets are not told. */
async function resourceEntries(cluster: StarRocksCluster): Promise<CompanionEntry[]> {
  const { rows } = await cluster.query('SHOW RESOURCES')
  const byName = new Map<string, string[]>()
  for (const row of rows) {
    const name = row.required('Name')
    const key = row.get('Key') ?? ''
    const value = /password|secret|key|token/i.test(key) ? '******' : (row.get('Value') ?? '')
    const lines = byName.get(name) ?? [`type = ${row.get('ResourceType') ?? ''}`]
    byName.set(name, [...lines, maskSecrets(`${key} = ${value}`)])
  }
  return [...byName].map(([name, lines]) => ({
    kind: 'resource',
    name,
    statements: [],
    byHand: `CREATE EXTERNAL RESOURCE again; known of it: ${lines.join(', ')}`,
  }))
}
