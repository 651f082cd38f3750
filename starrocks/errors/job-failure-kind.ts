/**
 * What a refused or failed BACKUP or RESTORE asks for.
 *
 * - `busy`: another job runs; wait for it and send the same again.
 * - `retry-later`: passes by itself; the same again later (a backup that had begun: under a new label).
 * - `new-label`: the label is taken, perhaps by an earlier attempt of one's own.
 * - `re-plan`: something has gone, come or been renamed meanwhile; read the metadata and plan again.
 * - `conflict`: what is there does not fit what shall be restored.
 * - `corrupt`: the snapshot is damaged or incomplete.
 * - `missing`: there is no such snapshot, or not that in it.
 * - `config`: the repository, its store or a setting must be put right.
 * - `capacity`: disks or limits are full.
 * - `privilege`: the user may not.
 * - `unsupported`: this version, run mode or kind of object cannot do it.
 * - `request`: no such statement can ever work.
 * - `empty`: there is nothing to do.
 * - `over`: the job to be cancelled has ended, or is not there.
 * - `timeout`, `cancelled`: the job was ended.
 * - `bug`: a fault of StarRocks.
 * - `unknown`: none of the known texts.
 */
export type JobFailureKind =
  | 'busy'
  | 'retry-later'
  | 'new-label'
  | 're-plan'
  | 'conflict'
  | 'corrupt'
  | 'missing'
  | 'config'
  | 'capacity'
  | 'privilege'
  | 'unsupported'
  | 'request'
  | 'empty'
  | 'over'
  | 'timeout'
  | 'cancelled'
  | 'bug'
  | 'unknown'
