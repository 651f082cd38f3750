import type { Version } from '../version.ts'
import { isAtLeast } from '../version.ts'
import { checkHdfs } from './check-hdfs.ts'
import { checkS3 } from './check-s3.ts'
import { checkKeys } from './check-storage-keys.ts'
import { error, type RepositoryFinding, warning } from './repository-finding.ts'
import type { RepositoryDefinition } from './repository-statements.ts'
import type { Repository } from './show-repositories.ts'
import { withoutSlash } from './storage.ts'
import { identifyStorage } from './storage-kind.ts'

/** Schemes that the frontend knows a file system for without configuration of its own. */
const documented = new Set(['hdfs', 'viewfs', 's3', 's3a', 'oss', 'cosn', 'obs'])

/**
 * Looks for the known mistakes in a repository's definition before StarRocks sees it; some of them keep CREATE REPOSITORY, and every other
 * one with it, waiting for minutes. No finding does not mean that the store can be reached.
 */
export function checkRepositoryDefinition(definition: RepositoryDefinition, version?: Version): RepositoryFinding[] {
  const { name, location, properties } = definition
  const facts = identifyStorage(location, properties)
  const findings: RepositoryFinding[] = []
  if (!/^[A-Za-z]\w{0,63}$/.test(name)) {
    findings.push(
      error(
        'name',
        `${JSON.stringify(name)} cannot be a repository’s name`,
        'Use letters, digits and _, a letter first',
      ),
    )
  }
  if (facts.scheme === '') {
    return [
      ...findings,
      error('no-scheme', `The location ${JSON.stringify(location)} has no scheme`, 'Write it like s3a://bucket/path'),
    ]
  }
  if (facts.authority === '' && facts.scheme !== 'file' && !properties['fs.defaultFS']) {
    const what = facts.kind === 'hdfs' ? 'namenode' : 'bucket'
    findings.push(
      error('no-authority', `The location ${location} names no ${what}`, `Write it as ${facts.scheme}://${what}/path`),
    )
  }
  if (withoutSlash(location) !== location) {
    const text = 'a slash at the end becomes a directory without a name up to 4.0.5, and is taken off from 4.0.6 on'
    const severe = version !== undefined && isAtLeast(version, 4, 0, 6) ? warning : error
    findings.push(severe('trailing-slash', `${location}: ${text}`, `Write ${withoutSlash(location)}`))
  }
  if (!documented.has(facts.scheme) && facts.kind !== 'gcs') findings.push(undocumented(facts.scheme))
  if (facts.kind === 's3' || facts.kind === 's3-compatible' || facts.kind === 'gcs') {
    findings.push(...checkS3(facts, properties))
  }
  if (facts.kind === 'hdfs') findings.push(...checkHdfs(properties, definition.broker, version))
  findings.push(...checkKeys(facts, properties))
  return findings
}

/** What the repositories that a cluster has already mean for one more. */
export function checkAgainstRepositories(
  definition: Pick<RepositoryDefinition, 'name' | 'location'>,
  existing: readonly Pick<Repository, 'name' | 'location'>[],
): RepositoryFinding[] {
  const here = withoutSlash(definition.location)
  return existing.flatMap((other) => {
    const same = withoutSlash(other.location) === here
    if (other.name === definition.name && !same) {
      const text = `The cluster has a repository ${other.name} at ${other.location}, not at ${definition.location}`
      return [error('other-location', text, 'Choose another name, or drop that one; what it holds stays')]
    }
    if (other.name !== definition.name && same) {
      const text = `Repository ${other.name} lies at ${other.location} too; they will not see each other’s snapshots`
      return [warning('other-name', text, 'The name is part of the path: use the same name for the same repository')]
    }
    return []
  })
}

function undocumented(scheme: string): RepositoryFinding {
  if (scheme === 'file') {
    return warning(
      'file',
      'A file:// location is a directory of each machine by itself',
      'Use it only where all frontends and backends see the same directory',
    )
  }
  return warning(
    'unknown-scheme',
    `StarRocks does not document repositories at ${scheme}://`,
    'It may work if core-site.xml of all frontends and backends knows this file system; prove it by a backup and a restore',
  )
}
