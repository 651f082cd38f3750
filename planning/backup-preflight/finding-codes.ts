/** Where a finding can come from. */
type Of = 'backup' | 'restore' | 'both'

export interface FindingMeaning {
  code: string
  of: Of
  /** The worst that it can be. */
  level: 'fatal' | 'warning' | 'info'
  /** What it means, for the documentation. */
  means: string
}

/** Everything that the preflight of backups and restores can find: the codes that `ignore` of a spec names. */
export const BACKUP_FINDINGS = [
  // The cluster
  { code: 'unknown-cluster', of: 'both', level: 'fatal', means: 'The worker’s configuration has no such cluster' },
  { code: 'login-refused', of: 'both', level: 'fatal', means: 'User or password are refused' },
  { code: 'cluster-unreachable', of: 'both', level: 'fatal', means: 'No frontend answers' },
  {
    code: 'privilege-missing',
    of: 'both',
    level: 'fatal',
    means: 'The user lacks a privilege without which nothing works',
  },
  {
    code: 'privilege-unproven',
    of: 'both',
    level: 'warning',
    means: 'The user’s grants do not show a privilege that the statements need',
  },
  {
    code: 'few-snapshot-threads',
    of: 'backup',
    level: 'info',
    means: 'Backends make or remove local snapshots with fewer threads than by default',
  },
  {
    code: 'privileges-unknown',
    of: 'both',
    level: 'info',
    means: 'Whether the user may do everything cannot be told: grants or roles cannot be read, or come from elsewhere',
  },
  {
    code: 'shared-data',
    of: 'backup',
    level: 'fatal',
    means: 'Clusters of shared data have no BACKUP; what they have are cluster snapshots',
  },
  {
    code: 'ttl-unsupported',
    of: 'backup',
    level: 'fatal',
    means: 'The spec has a `ttl`, and the cluster’s version cannot let snapshots expire',
  },
  { code: 'restore-shared-data', of: 'restore', level: 'fatal', means: 'Clusters of shared data have no RESTORE' },
  { code: 'known-bug', of: 'both', level: 'warning', means: 'The cluster’s version has, or may have, this bug' },
  { code: 'mixed-versions', of: 'both', level: 'warning', means: 'Frontends or backends run different versions' },
  { code: 'frontend-down', of: 'both', level: 'warning', means: 'A frontend is down' },
  { code: 'no-backends', of: 'both', level: 'fatal', means: 'No backend is alive' },
  { code: 'backend-down', of: 'both', level: 'warning', means: 'A backend is down' },
  { code: 'backend-decommissioned', of: 'both', level: 'warning', means: 'A backend is being decommissioned' },
  { code: 'backend-disk-full', of: 'backup', level: 'warning', means: 'A backend’s disk is nearly full' },
  { code: 'one-upload-thread', of: 'both', level: 'warning', means: 'Backends move files with one thread: slow' },
  {
    code: 'uploads-throttled',
    of: 'both',
    level: 'info',
    means: 'A frontend setting bounds the tasks of each backend',
  },
  {
    code: 'snapshots-expire',
    of: 'backup',
    level: 'warning',
    means: 'Backends delete local snapshots before the job’s timeout has passed',
  },
  {
    code: 'timeout-short',
    of: 'restore',
    level: 'warning',
    means: 'A restore that times out while it puts files in place ruins tables',
  },
  { code: 'job-running', of: 'both', level: 'warning', means: 'A job of somebody has the database; it is waited for' },
  {
    code: 'history-short',
    of: 'restore',
    level: 'warning',
    means: 'A setting together with a bug of this version drops restored tables',
  },
  { code: 'clock-difference', of: 'both', level: 'warning', means: 'Clocks of worker, cluster and store differ' },
  // The repository
  {
    code: 'unknown-repository',
    of: 'both',
    level: 'fatal',
    means: 'The worker’s configuration has no such repository',
  },
  { code: 'repository-missing', of: 'both', level: 'fatal', means: 'The cluster does not know the repository' },
  {
    code: 'repository-elsewhere',
    of: 'both',
    level: 'fatal',
    means: 'The cluster’s repository of that name lies elsewhere',
  },
  { code: 'repository-error', of: 'both', level: 'fatal', means: 'The cluster cannot use the repository' },
  { code: 'repository-read-only', of: 'both', level: 'fatal', means: 'The cluster may not write to the repository' },
  {
    code: 'repository-definition',
    of: 'both',
    level: 'fatal',
    means: 'The repository’s definition has a known mistake',
  },
  { code: 'store-unreachable', of: 'both', level: 'warning', means: 'The worker cannot read the storage itself' },
  { code: 'store-elsewhere', of: 'both', level: 'fatal', means: 'The worker finds no such repository where it looks' },
  { code: 'unknown-webhook', of: 'backup', level: 'warning', means: 'The worker’s configuration has no such webhook' },
  // What is to be backed up
  { code: 'database-missing', of: 'backup', level: 'fatal', means: 'A database that is named does not exist' },
  { code: 'table-missing', of: 'backup', level: 'fatal', means: 'A table that is named does not exist' },
  { code: 'function-missing', of: 'backup', level: 'fatal', means: 'A function that is named does not exist' },
  { code: 'catalog-missing', of: 'backup', level: 'fatal', means: 'An external catalog that is named does not exist' },
  { code: 'pattern-matches-nothing', of: 'backup', level: 'warning', means: 'A pattern matches nothing' },
  { code: 'nothing-selected', of: 'backup', level: 'fatal', means: 'There is nothing to back up' },
  { code: 'external-table', of: 'backup', level: 'fatal', means: 'Tables of other engines have no data in StarRocks' },
  { code: 'list-partitions', of: 'both', level: 'fatal', means: 'This version refuses tables with list partitions' },
  { code: 'full-text-index', of: 'backup', level: 'fatal', means: 'Tables with a GIN index cannot be uploaded' },
  {
    code: 'temporary-partitions',
    of: 'backup',
    level: 'warning',
    means: 'Tables with temporary partitions are refused until these are gone',
  },
  { code: 'table-in-restore', of: 'backup', level: 'warning', means: 'A table is being restored' },
  { code: 'views-as-ddl', of: 'backup', level: 'info', means: 'Views are only saved as statements' },
  { code: 'functions-left-out', of: 'backup', level: 'fatal', means: 'This version cannot back up functions' },
  {
    code: 'materialized-views-as-ddl',
    of: 'backup',
    level: 'info',
    means: 'Materialized views are only saved as statements',
  },
  {
    code: 'materialized-view-setting',
    of: 'backup',
    level: 'info',
    means: 'BACKUP of a whole database by hand would pass over materialized views',
  },
  { code: 'catalogs-broken', of: 'backup', level: 'fatal', means: 'This version cannot back up external catalogs' },
  { code: 'catalog-secrets', of: 'both', level: 'warning', means: 'Snapshots of catalogs hold their secrets in clear' },
  {
    code: 'accounts-unreadable',
    of: 'backup',
    level: 'warning',
    means: 'Users, roles and grants cannot be read for the companion file',
  },
  // What is to be restored
  {
    code: 'restore-impossible',
    of: 'restore',
    level: 'fatal',
    means: 'What is asked for is not in the backup, or cannot be done',
  },
  {
    code: 'restore-name-clash',
    of: 'restore',
    level: 'fatal',
    means: 'A view, or something else that is no such object, has the name',
  },
  {
    code: 'restore-in-place-impossible',
    of: 'restore',
    level: 'fatal',
    means: 'The live table is another one than at the backup',
  },
  {
    code: 'in-place-drops',
    of: 'restore',
    level: 'warning',
    means: 'Partitions of a live table are dropped before it is restored in place',
  },
  {
    code: 'older-than-backup',
    of: 'restore',
    level: 'fatal',
    means: 'The cluster’s version is older than that of the backup',
  },
  {
    code: 'much-newer-than-backup',
    of: 'restore',
    level: 'info',
    means: 'The cluster’s version is newer than that of the backup',
  },
  {
    code: 'replicas-impossible',
    of: 'restore',
    level: 'fatal',
    means: 'More replicas are asked for than there are live backends',
  },
  {
    code: 'fewer-replicas',
    of: 'restore',
    level: 'warning',
    means: 'There are fewer live backends than the backup’s tables have replicas',
  },
  { code: 'disk-too-small', of: 'restore', level: 'fatal', means: 'The backends have no room for it' },
  { code: 'disk-headroom', of: 'restore', level: 'warning', means: 'The backends’ disks would be nearly full' },
  { code: 'table-not-normal', of: 'restore', level: 'warning', means: 'A live table is being altered or restored' },
  {
    code: 'dynamic-partitions',
    of: 'restore',
    level: 'warning',
    means: 'StarRocks would drop restored partitions by itself',
  },
  {
    code: 'other-columns',
    of: 'restore',
    level: 'fatal',
    means: 'Partitions cannot be written into a table of other columns',
  },
  {
    code: 'empty-table-refused',
    of: 'restore',
    level: 'fatal',
    means: 'A table without partitions is made by CREATE TABLE, which the target refuses',
  },
  {
    code: 'routine-load-left',
    of: 'restore',
    level: 'warning',
    means: 'Routine loads go on into the table that is replaced, not into the restored one',
  },
  {
    code: 'routine-load-loses-table',
    of: 'restore',
    level: 'fatal',
    means: 'A table or database would be dropped that routine loads still write to',
  },
  {
    code: 'routine-load-in-place',
    of: 'restore',
    level: 'warning',
    means: 'Routine loads write to a table that is restored in place',
  },
  {
    code: 'routine-loads-unknown',
    of: 'restore',
    level: 'warning',
    means: 'The user may not see whether routine loads write to what is replaced',
  },
  { code: 'in-place-final', of: 'restore', level: 'warning', means: 'From COMMIT on the former rows are gone' },
  { code: 'colocate-lost', of: 'restore', level: 'info', means: 'RESTORE takes tables out of their colocate groups' },
  { code: 'function-files', of: 'restore', level: 'info', means: 'Functions need the files that they were made from' },
  { code: 'system-database', of: 'restore', level: 'fatal', means: 'StarRocks’ own databases cannot be restored to' },
  {
    code: 'damaged-backup',
    of: 'restore',
    level: 'fatal',
    means: 'A snapshot that is needed is gone, incomplete, another one, or was found damaged',
  },
  { code: 'unverified-backup', of: 'restore', level: 'info', means: 'The backup was never verified' },
  { code: 'restore-note', of: 'restore', level: 'warning', means: 'Something that does not stop the restore' },
] as const satisfies readonly FindingMeaning[]

export type BackupFindingCode = (typeof BACKUP_FINDINGS)[number]['code']
