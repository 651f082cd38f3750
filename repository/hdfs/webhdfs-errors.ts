import { StorageError, type StorageErrorKind } from '../storage-error.ts'

interface Rule {
  exception: RegExp
  kind: StorageErrorKind
  remedy?: string
  /** Another namenode, or a later try, may do it. */
  elsewhere?: boolean
}

const RULES: readonly Rule[] = [
  { exception: /^StandbyException$/, kind: 'Unreachable', remedy: 'no namenode is active', elsewhere: true },
  { exception: /^(RetriableException|NoDatanodeException)$/, kind: 'Throttled', elsewhere: true },
  {
    exception: /^SafeModeException$/,
    kind: 'Throttled',
    remedy: 'HDFS is in safe mode; try again when it has left it',
  },
  { exception: /^FileNotFoundException$/, kind: 'NotFound' },
  {
    exception: /^(AccessControlException|SecurityException|AuthorizationException)$/,
    kind: 'Denied',
    remedy: 'check the user name of this repository and the permissions of the directory',
  },
  { exception: /QuotaExceededException$/, kind: 'Unknown', remedy: 'the quota of the directory is used up' },
  { exception: /^(UnsupportedOperationException|IllegalArgumentException)$/, kind: 'Unsupported' },
]

/** An answer that is no success. */
export async function webHdfsError(
  response: Response,
  doing: string,
  host: string,
): Promise<{ error: StorageError; elsewhere: boolean }> {
  const text = await response.text().catch(() => '')
  if (response.status === 401 && /negotiate/i.test(response.headers.get('www-authenticate') ?? '')) {
    const error = new StorageError(
      'Unsupported',
      `Cannot ${doing} at ${host}: it asks for Kerberos, which starferry does not speak`,
      'name a gateway with simple authentication under access.webHdfs',
    )
    return { error, elsewhere: false }
  }
  const { exception, message } = remoteException(text)
  const rule = RULES.find(({ exception: pattern }) => pattern.test(exception))
  const said = exception === '' ? `status ${response.status}` : `${exception}: ${message.split('\n')[0]}`
  // HDFS itself always names the exception: this one is of a gateway, or of something else altogether, and says nothing of files.
  const foreign = rule === undefined && response.status === 404
  const kind = rule?.kind ?? (foreign ? 'Unreachable' : 'Unknown')
  return {
    error: new StorageError(
      kind,
      `Cannot ${doing} at ${host}: ${said}`,
      rule?.remedy ?? (foreign ? FOREIGN : undefined),
    ),
    elsewhere: rule?.elsewhere ?? (foreign || (exception === '' && response.status >= 500)),
  }
}

const FOREIGN = 'whoever answered is no namenode: check the addresses under access.webHdfs, and what stands before them'

function remoteException(text: string): { exception: string; message: string } {
  try {
    const { RemoteException } = JSON.parse(text) as { RemoteException?: { exception?: string; message?: string } }
    return { exception: RemoteException?.exception ?? '', message: RemoteException?.message ?? '' }
  } catch {
    return { exception: '', message: '' }
  }
}
