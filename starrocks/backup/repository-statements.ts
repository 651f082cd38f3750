import { quoteName, quoteProperties, quoteString } from '../quote.ts'
import { refused } from './grammar.ts'

export interface RepositoryDefinition {
  /** Part of the path: another cluster attaches a repository only under the same name and location. */
  name: string
  /** `s3a://bucket/path`, `hdfs://host:port/path` … */
  location: string
  /** With secrets; they are told by no SHOW statement. */
  properties: Readonly<Record<string, string>>
  readOnly?: boolean
  /** A broker's name, for clusters that still have them; usually none. */
  broker?: string
}

/**
 * CREATE [READ ONLY] REPOSITORY. WITH BROKER stands there in every version, with or without a broker.
 * Unless it is read-only the frontend lists the location and writes `__repo_info`, and holds a lock over all repositories meanwhile.
 */
export function createRepositoryStatement(definition: RepositoryDefinition): string {
  const { name, location, properties, readOnly = false, broker } = definition
  if (location === '') throw refused(`Repository ${name} has no location`, [name])
  const pairs = Object.entries(properties)
  return [
    `CREATE ${readOnly ? 'READ ONLY ' : ''}REPOSITORY ${quoteName(name)}`,
    `WITH BROKER${broker === undefined ? '' : ` ${quoteName(broker)}`}`,
    `ON LOCATION ${quoteString(location)}`,
    ...(pairs.length === 0 ? [] : [`PROPERTIES ${quoteProperties(pairs)}`]),
  ].join(' ')
}

/** DROP REPOSITORY: forgets it; what is stored stays. */
export function dropRepositoryStatement(name: string): string {
  return `DROP REPOSITORY ${quoteName(name)}`
}

export const showRepositoriesStatement = 'SHOW REPOSITORIES'
