import type { LabCatalog } from '../model.ts'
import { type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { oldShowFailure, showFailure } from '../sql/errors.ts'
import { holds } from '../sql/privileges.ts'
import { commentText } from './create-table-text.ts'
import { inStringHashOrder } from './java-hash.ts'

const typeText = (catalog: LabCatalog): string => {
  const type = catalog.properties.get('type') ?? ''
  return type.charAt(0).toUpperCase() + type.slice(1).toLowerCase()
}

/** SHOW CATALOGS. A user sees those on which it has some privilege. */
export const showCatalogs = (context: LabSqlContext, session: LabSession): LabResult => {
  const seen = [...context.state.catalogs.values()].filter((catalog) =>
    holds(session, 'ANY', { type: 'CATALOG', catalog: catalog.name }),
  )
  return catalogList(seen)
}

/** The internal catalog and the given external ones, by name. */
export const catalogList = (catalogs: readonly LabCatalog[]): LabResult => {
  const rows = [
    ['default_catalog', 'Internal', "An internal catalog contains this cluster's self-managed tables."],
    ...catalogs.map((catalog) => [catalog.name, typeText(catalog), catalog.comment]),
  ]
  return table(
    ['Catalog', 'Type', 'Comment'],
    rows.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1)),
  )
}

const secret = /access_key|secret_key|session_token|password|sas_token|shared_key|client_secret|private_key|credential/

/** The first and last two characters of a secret are shown. */
const masked = (value: string): string => (value.length < 5 ? '******' : `${value.slice(0, 2)}******${value.slice(-2)}`)

/** The text of SHOW CREATE CATALOG: properties in the order of a hash map, secrets masked, a password not at all. */
export const catalogText = (catalog: LabCatalog): string => {
  const shown = [...catalog.properties].filter(([key]) => key !== 'password')
  const list = inStringHashOrder(shown, ([key]) => key).map(
    ([key, value]) => `"${key}"  =  "${secret.test(key) ? masked(value) : value}"`,
  )
  const comment = catalog.comment === null ? '' : `\ncomment "${commentText(catalog.comment)}"`
  return `CREATE EXTERNAL CATALOG \`${catalog.name}\`${comment}\nPROPERTIES (${list.join(',\n')}\n)`
}

/** SHOW CREATE CATALOG. */
export const showCreateCatalog = (context: LabSqlContext, name: string): LabResult => {
  const catalog = context.state.catalogs.get(name)
  if (!catalog && name !== 'default_catalog') throw oldShowFailure(context, `Unknown catalog '${name}'`, 5078, '42000')
  return table(['Catalog', 'Create Catalog'], catalog ? [[catalog.name, catalogText(catalog)]] : [])
}

/** What is outside of the lab's world cannot be reached. */
export const unreachableCatalog = (context: LabSqlContext) =>
  showFailure(
    context.profile.version === '3.1'
      ? 'Failed to getAllDatabases, msg: Unable to instantiate org.apache.hadoop.hive.metastore.HiveMetaStoreClient'
      : 'Failed to getAllDatabases, msg: MetaException: Could not connect to meta store using any of the URIs provided. Most recent failure: org.apache.thrift.transport.TTransportException: java.net.ConnectException: Connection refused',
  )
