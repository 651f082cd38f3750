export type RepositoryFindingCode =
  | 'name'
  | 'no-scheme'
  | 'no-authority'
  | 'trailing-slash'
  | 'unknown-scheme'
  | 'file'
  | 's3-scheme'
  | 'gs-scheme'
  | 'gcs-endpoint'
  | 'endpoint-scheme'
  | 'bucket-underscore'
  | 'no-region'
  | 'no-endpoint'
  | 'no-keys'
  | 'half-keys'
  | 'role-without-profile'
  | 'foreign-keys'
  | 'cos-endpoint'
  | 'kerberos'
  | 'high-availability'
  | 'other-location'
  | 'other-name'

export interface RepositoryFinding {
  /** An error fails for certain; a warning may. */
  severity: 'error' | 'warning'
  code: RepositoryFindingCode
  /** Holds no values of properties but the endpoint. */
  message: string
  remedy: string
}

export function error(code: RepositoryFindingCode, message: string, remedy: string): RepositoryFinding {
  return { severity: 'error', code, message, remedy }
}

export function warning(code: RepositoryFindingCode, message: string, remedy: string): RepositoryFinding {
  return { severity: 'warning', code, message, remedy }
}
