import { error, type RepositoryFinding, warning } from './repository-finding.ts'
import type { StorageFacts, StorageKind } from './storage-kind.ts'

interface KeyFamily {
  /** How the family's keys begin. */
  prefixes: readonly string[]
  schemes: readonly string[]
}

const families: readonly KeyFamily[] = [
  { prefixes: ['aws.s3.'], schemes: ['s3', 's3a', 's3n'] },
  { prefixes: ['fs.s3a.'], schemes: ['s3', 's3a', 's3n'] },
  { prefixes: ['fs.oss.', 'aliyun.oss.'], schemes: ['oss'] },
  { prefixes: ['fs.cosn.'], schemes: ['cosn'] },
  { prefixes: ['fs.obs.'], schemes: ['obs'] },
  { prefixes: ['fs.ks3.'], schemes: ['ks3'] },
  { prefixes: ['fs.tos.'], schemes: ['tos'] },
  { prefixes: ['azure.', 'fs.azure.'], schemes: ['abfs', 'abfss', 'adl', 'wasb', 'wasbs', 'azblob', 'adls2'] },
  { prefixes: ['hadoop.security.', 'kerberos_', 'dfs.'], schemes: ['hdfs', 'viewfs'] },
]

/** Access key, secret key, endpoint of the stores that need all three. */
const needed: Partial<Record<StorageKind, readonly [string, string, string]>> = {
  oss: ['fs.oss.accessKeyId', 'fs.oss.accessKeySecret', 'fs.oss.endpoint'],
  cos: ['fs.cosn.userinfo.secretId', 'fs.cosn.userinfo.secretKey', 'fs.cosn.bucket.endpoint_suffix'],
  obs: ['fs.obs.access.key', 'fs.obs.secret.key', 'fs.obs.endpoint'],
  gcs: ['fs.s3a.access.key', 'fs.s3a.secret.key', 'fs.s3a.endpoint'],
}

const pairs: readonly (readonly [string, string])[] = [
  ['aws.s3.access_key', 'aws.s3.secret_key'],
  ['fs.s3a.access.key', 'fs.s3a.secret.key'],
]

/** Whether the properties are those of the location's store, and whether some are missing. */
export function checkKeys(facts: StorageFacts, properties: Readonly<Record<string, string>>): RepositoryFinding[] {
  const has = (key: string) => (properties[key] ?? '') !== ''
  const findings = foreign(facts, Object.keys(properties))
  for (const [access, secret] of pairs) {
    if (has(access) !== has(secret)) {
      findings.push(error('half-keys', `Of ${access} and ${secret} only one is given`, 'Give both'))
    }
  }
  const [access, secret, endpoint] = needed[facts.kind] ?? []
  // Other families' keys are told above; which of them are missing would only confuse. gs:// is refused as a whole.
  if (access && secret && endpoint && findings.length === 0 && facts.scheme !== 'gs') {
    const missing = [access, secret].filter((key) => !has(key))
    const byAws = facts.kind === 'gcs' && has('aws.s3.access_key')
    if (missing.length > 0 && !byAws)
      findings.push(error('no-keys', `${missing.join(' and ')} missing`, 'Give both keys'))
    if (!facts.endpoint)
      findings.push(error('no-endpoint', `${endpoint} is missing`, 'Give the endpoint of the bucket’s region'))
  }
  const suffix = properties['fs.cosn.bucket.endpoint_suffix']
  if (facts.kind === 'cos' && suffix && !/^[a-z0-9.-]+$/.test(suffix)) {
    findings.push(
      error(
        'cos-endpoint',
        `The endpoint suffix ${suffix} may hold only small letters, digits, “.” and “-”`,
        'Write it like cos.ap-beijing.myqcloud.com, without scheme and port',
      ),
    )
  }
  return findings
}

function foreign(facts: StorageFacts, keys: readonly string[]): RepositoryFinding[] {
  const known = families.some((family) => family.schemes.includes(facts.scheme))
  if (!known) return []
  const familyOf = (key: string) => families.find(({ prefixes }) => prefixes.some((prefix) => key.startsWith(prefix)))
  const own = keys.some((key) => familyOf(key)?.schemes.includes(facts.scheme))
  const others = keys.filter((key) => {
    const family = familyOf(key)
    return family !== undefined && !family.schemes.includes(facts.scheme)
  })
  if (others.length === 0) return []
  const text = `${others.join(', ')} belong${others.length === 1 ? 's' : ''} to another store than ${facts.scheme}://`
  const remedy = 'Use the properties of this store, or the location’s scheme that these belong to'
  // Frontends send other object stores through their S3 client when they are given aws.s3.* (AwsCloudConfiguration).
  const passes = own || others.every((key) => key.startsWith('aws.s3.'))
  return [(passes ? warning : error)('foreign-keys', text, remedy)]
}
