import { error, type RepositoryFinding, warning } from './repository-finding.ts'
import type { StorageFacts } from './storage-kind.ts'

type Properties = Readonly<Record<string, string>>

/** Amazon's S3, what is compatible with it, and Google's store by its S3 interface. */
export function checkS3(facts: StorageFacts, properties: Properties): RepositoryFinding[] {
  const findings: RepositoryFinding[] = []
  if (facts.authority.includes('_')) {
    findings.push(
      error(
        'bucket-underscore',
        `The bucket ${facts.authority} has a _ in its name, which Hadoop takes for no host: “bucket is null/empty”`,
        'Use a bucket whose name has none',
      ),
    )
  }
  if (facts.kind === 'gcs') return [...findings, ...checkGoogle(facts)]
  if (facts.kind === 's3') findings.push(...checkAmazon(facts, properties))
  else if (facts.endpoint && !/^https?:\/\//i.test(facts.endpoint)) {
    findings.push(
      error(
        'endpoint-scheme',
        `The endpoint ${facts.endpoint} has no scheme`,
        `Write http://${facts.endpoint} or https://…`,
      ),
    )
  }
  return [...findings, ...checkAccess(properties)]
}

function checkAmazon(facts: StorageFacts, properties: Properties): RepositoryFinding[] {
  const findings: RepositoryFinding[] = []
  if (facts.scheme !== 's3a') {
    findings.push(
      error(
        's3-scheme',
        `StarRocks reaches Amazon S3 by s3a:// only, not by ${facts.scheme}://`,
        `Write s3a://${facts.authority}/${facts.path}; the bucket stays the same`,
      ),
    )
  }
  const own = Object.keys(properties).some((key) => key.startsWith('aws.s3.'))
  if (own && !facts.region && !facts.endpoint) {
    findings.push(
      error('no-region', 'Neither region nor endpoint of the bucket is given', 'Give aws.s3.region or aws.s3.endpoint'),
    )
  }
  return findings
}

function checkGoogle(facts: StorageFacts): RepositoryFinding[] {
  if (facts.scheme === 'gs') {
    return [
      error(
        'gs-scheme',
        'StarRocks takes repositories in Google’s store by s3a:// only',
        `Write s3a://${facts.authority}/${facts.path} with fs.s3a.access.key, fs.s3a.secret.key and fs.s3a.endpoint`,
      ),
    ]
  }
  const findings: RepositoryFinding[] = []
  if (facts.scheme === 's3') {
    const where = `s3a://${facts.authority}/${facts.path}`
    findings.push(error('s3-scheme', 'StarRocks takes repositories in Google’s store by s3a:// only', `Write ${where}`))
  }
  if (facts.endpoint && /^https?:\/\//i.test(facts.endpoint)) {
    findings.push(
      error(
        'gcs-endpoint',
        `Google’s endpoint must stand without scheme, not as ${facts.endpoint}`,
        'Write storage.googleapis.com',
      ),
    )
  }
  return findings
}

/** What `aws.s3.*` needs to be taken at all: otherwise the frontend passes over all of these properties without a word. */
function checkAccess(properties: Properties): RepositoryFinding[] {
  const has = (key: string) => (properties[key] ?? '') !== ''
  const on = (key: string) => /^true$/i.test(properties[key] ?? '')
  const keys = has('aws.s3.access_key') && has('aws.s3.secret_key')
  if (has('aws.s3.access_key') !== has('aws.s3.secret_key')) return [] // told by checkKeys
  if (keys || on('aws.s3.use_instance_profile') || on('aws.s3.use_aws_sdk_default_behavior')) return []
  if (has('fs.s3a.access.key') || has('fs.s3a.secret.key') || has('fs.s3a.aws.credentials.provider')) return []
  if (has('aws.s3.iam_role_arn')) {
    return [
      error(
        'role-without-profile',
        'A role to assume is given, and nothing to assume it with',
        'Add aws.s3.use_instance_profile = true, or keys',
      ),
    ]
  }
  if (Object.keys(properties).some((key) => key.startsWith('aws.s3.'))) {
    return [
      error(
        'no-keys',
        'The store is to be entered with nothing: no keys, no instance profile, no role',
        'Add aws.s3.access_key and aws.s3.secret_key, or aws.s3.use_instance_profile = true',
      ),
    ]
  }
  return [
    warning(
      'no-keys',
      'No keys are given: only the environment of the frontends and backends themselves can let them in',
      'Add keys unless every machine has a role that may read and write the bucket',
    ),
  ]
}
