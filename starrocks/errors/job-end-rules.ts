import type { JobRule } from './rule.ts'

const names = (match: RegExpExecArray) => match.slice(1).filter((name) => name !== undefined)
const first = (match: RegExpExecArray) => [match[1] ?? '']
const both = 'Restore under another name (AS), drop the table first, or make the two alike'

/** Why a backup ended: its `Status` (BackupJob). */
export const backupEndRules: readonly JobRule[] = [
  {
    text: /failed to choose replica to make snapshot for tablet (\d+)/,
    kind: 'Aborted',
    failure: 'retry-later',
    names,
    remedy:
      'No healthy replica of a tablet has this version: look at SHOW BACKENDS and the table’s replicas, then back up again',
  },
  {
    text: /version already merged/,
    kind: 'Aborted',
    failure: 'retry-later',
    remedy: 'The version was compacted away meanwhile: back up again',
  },
  {
    text: /^partition (.+?) does not exist {1,2}in table(.+?)\.*$/,
    kind: 'Stale',
    failure: 're-plan',
    names: (match) => [match[2] ?? '', match[1] ?? ''],
    remedy: 'It was dropped or renamed meanwhile: read the metadata and plan again',
  },
  {
    text: /^(?:table|partition|index|tablet|database|db) (.+?) (?:in table .+? )?(?:does not exist|has been dropped)/i,
    kind: 'Stale',
    failure: 're-plan',
    names,
    remedy: 'It was dropped or renamed meanwhile: read the metadata and plan again',
  },
  {
    text: /fail(?:e)?d to copy table: ?(.+?)\.*$/,
    kind: 'Aborted',
    failure: 're-plan',
    names,
    remedy: 'Read the partitions again and back up once more',
  },
  {
    text: /failed to get repository: ?(\d+)/,
    kind: 'Aborted',
    failure: 'config',
    remedy: 'The repository was dropped while the job ran: create it again',
  },
  {
    text: /Failed to create (?:tmp dir|meta info file|job info file|job dir)|failed to save meta info and job info file/,
    kind: 'Aborted',
    failure: 'config',
    remedy: 'The leader cannot write into its tmp_dir: check space and permissions there',
  },
  {
    text: /file is invalid: /,
    kind: 'Aborted',
    failure: 'new-label',
    remedy:
      'The leader changed while the manifest was uploaded; the job never ends: cancel it and back up under a new label',
  },
  {
    text: /Get properties from .* error/,
    kind: 'Aborted',
    failure: 'config',
    remedy: 'The repository’s properties cannot be used: drop and create it again',
  },
  {
    text: /backend (\d+) is (?:missing|not alive)/i,
    kind: 'Aborted',
    failure: 'retry-later',
    names,
    remedy: 'A backend has gone: look at SHOW BACKENDS, then start again',
  },
  {
    text: /^user cancelled(?:, current state: (\w+))?/,
    kind: 'Aborted',
    failure: 'cancelled',
    what: (match) => match[1] ?? '',
    remedy: 'Somebody cancelled it',
  },
  {
    text: /restore job with label: (.+?)\s+timeout/,
    kind: 'Aborted',
    failure: 'timeout',
    names,
    remedy: 'Allow more time, restore fewer tables at once, or find out why its tasks fail',
  },
]

/** Why a restore ended: its `Status` (RestoreJob). */
export const restoreEndRules: readonly JobRule[] = [
  {
    text: /Failed to read backup meta from file/,
    kind: 'Aborted',
    failure: 'corrupt',
    remedy:
      'The snapshot’s meta file is missing or damaged, written by a newer version, or two backups used the same label',
  },
  {
    text: /Table (.+?)'s state is not NORMAL: (\w+)/,
    kind: 'Aborted',
    failure: 'retry-later',
    names: first,
    what: (match) => match[2] ?? '',
    remedy: 'An ALTER or another restore is under way on this table: wait for it',
  },
  {
    text: /Do not support restoring table with temp partitions/,
    kind: 'Aborted',
    failure: 'retry-later',
    remedy:
      'A table has temporary partitions, perhaps of an INSERT OVERWRITE that runs: try later, or drop or replace them',
  },
  {
    text: /Table (.+?) already exist but with different schema, errMsg: Table name is inconsistent/i,
    kind: 'Aborted',
    failure: 'conflict',
    names: first,
    what: () => 'name',
    remedy:
      'AS takes only names that do not exist yet: choose another, or rename the existing table to the snapshot’s name',
  },
  {
    text: /Table (.+?) already exist but with different schema, errMsg: ?(.*)$/,
    kind: 'Aborted',
    failure: 'conflict',
    names: first,
    what: (match) => (match[2] ?? '').trim().replace(/ is inconsistent$/, '') || 'columns or rollups',
    remedy: both,
  },
  {
    text: /Table (.+?) already exist but with different schema, column: (\S*) in existed table/,
    kind: 'Aborted',
    failure: 'conflict',
    names: first,
    what: (match) => `column ${match[2] ?? ''}`,
    remedy: both,
  },
  {
    text: /Table (.+?) already exist but with different key type/,
    kind: 'Aborted',
    failure: 'conflict',
    names,
    what: () => 'key type',
    remedy: both,
  },
  {
    text: /Table (.+?) already exist in db: (.+?)\.*$/,
    kind: 'Aborted',
    failure: 'conflict',
    names: first,
    what: () => 'created meanwhile',
    remedy: 'It was created while the job ran: restore again under another name, or over it',
  },
  {
    text: /Table's partition type is different/,
    kind: 'Aborted',
    failure: 'conflict',
    what: () => 'partition type',
    remedy: both,
  },
  {
    text: /Partition (.+?) in table (.+?) is automatic bucket partition/,
    kind: 'Aborted',
    failure: 'conflict',
    names: (match) => [match[2] ?? '', match[1] ?? ''],
    what: () => 'several physical partitions',
    remedy: 'Such a partition can only be restored as part of a table with a new name',
  },
  {
    text: /Partition (.+?) in table (.+?) has (different range with partition in repository|conflict range with existing ranges)/,
    kind: 'Aborted',
    failure: 'conflict',
    names: (match) => [match[2] ?? '', match[1] ?? ''],
    what: () => 'partition range',
    remedy: 'Drop or rename the partition that has this range or this name first',
  },
  {
    text: /Partition (.+?) in table (.+?) has different replication num '(\d+)' with partition in repository, which is (\d+)/,
    kind: 'Aborted',
    failure: 'conflict',
    names: (match) => [match[2] ?? '', match[1] ?? ''],
    what: () => 'replication num',
    remedy: 'Give the replication number of the existing partition as replication_num',
  },
  {
    text: /No partition exist in single partitioned table (.+?)\.*$/,
    kind: 'Aborted',
    failure: 'conflict',
    names,
    what: () => 'missing partition',
    remedy: 'Only range partitions are added by a restore: add the partition with the same values and buckets first',
  },
  {
    text: /Only support restore OLAP table: (.+?)\.*$/,
    kind: 'Aborted',
    failure: 'conflict',
    names,
    what: () => 'not a table',
    remedy: 'Something that is no native table has this name: rename or drop it',
  },
  {
    text: /Table: (.+?) has existed and it is not a View/,
    kind: 'Aborted',
    failure: 'conflict',
    names,
    what: () => 'not a view',
    remedy: 'A table has the name of the view that shall be restored: rename one of them',
  },
  {
    text: /check colocate restore failed, errmsg: ?(.*?)(?: you can disable|$)/i,
    kind: 'Aborted',
    failure: 'conflict',
    what: () => 'colocate group',
    remedy: 'Set enable_colocate_restore to false in the frontends’ configuration and restore again',
  },
  {
    text: /failed to find (-?\d+) different hosts to create table: (.+?)\.*$/,
    kind: 'Aborted',
    failure: 'config',
    names: (match) => [match[2] ?? ''],
    remedy: 'There are too few living backends for this replication_num: give a smaller one (3 is the default)',
  },
  {
    text: /Failed to create replicas for restore/,
    kind: 'Aborted',
    failure: 'retry-later',
    remedy: 'The backends did not create the tablets in time: look at SHOW BACKENDS, restore fewer tables at once',
  },
  {
    text: /Add Function: (.+?) failed when restore/,
    kind: 'Aborted',
    failure: 'conflict',
    names,
    what: () => 'function',
    remedy: 'Another function with this signature exists: drop it or leave it out',
  },
  {
    text: /Failed to restore external catalog, errmsg: ?(.*)/,
    kind: 'Aborted',
    failure: 'conflict',
    what: () => 'catalog',
    remedy: 'The catalog exists already or cannot be created here: restore it under another name',
  },
  {
    text: /^restored (?:table|partition|index|tablet) (.+?)(?: (?:does not exist|has been dropped|not found).*)?\.*$/i,
    kind: 'Stale',
    failure: 're-plan',
    names,
    remedy: 'It was dropped while the job ran: restore again',
  },
  {
    text: /disk .*exceeds? limit|exceed .*capacity|capacity limit/i,
    kind: 'Aborted',
    failure: 'capacity',
    remedy: 'Free disk space on the backends; dropped tables stay in the trash for a day',
  },
]

/** What tasks on backends said (`TaskErrMsg`). They are tried again until the job's timeout. */
export const taskRules: readonly JobRule[] = [
  {
    text: /read: Is a directory|Is a directory/,
    kind: 'Aborted',
    failure: 'unsupported',
    remedy: 'A table with a full-text (GIN) index cannot be backed up: cancel the job and leave the table out',
  },
  {
    text: /Fail to rename file .*(?:curlCode: 28|Timeout was reached)|curlCode: 28/,
    kind: 'Aborted',
    failure: 'retry-later',
    remedy:
      'Old versions upload under another name and let the store copy: raise object_storage_rename_file_request_timeout_ms on the backends, or update to 3.3.6',
  },
  {
    text: /get nothing from remote path|remote path .* (?:not found|not exist)/,
    kind: 'Aborted',
    failure: 'corrupt',
    remedy: 'Objects of the snapshot are missing: verify it, use another one',
  },
  {
    text: /invalid md5 of downloaded file|md5 .*(?:not equal|mismatch)|checksum mismatch/i,
    kind: 'Aborted',
    failure: 'corrupt',
    remedy: 'An object of the snapshot is damaged: verify it, use another one',
  },
  {
    text: /capacity limit reached|reach(?:ed)? capacity limit|disk full|No space left/i,
    kind: 'Aborted',
    failure: 'capacity',
    remedy: 'Free disk space on the backends',
  },
  {
    text: /too many open files/i,
    kind: 'Aborted',
    failure: 'capacity',
    remedy: 'Raise the limit of open files of the backends',
  },
  {
    text: /failed to get local tablet: ?(\d+)|failed to (?:get|find) tablet/i,
    kind: 'Aborted',
    failure: 'retry-later',
    names,
    remedy: 'A backend has lost a tablet: look at the table’s replicas',
  },
  {
    text: /failed to move dir/i,
    kind: 'Aborted',
    failure: 'retry-later',
    remedy: 'A backend could not put a tablet’s files in place: look at its log and disks',
  },
]
