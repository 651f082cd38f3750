import { backupRules, submissionRules } from './backup-rules.ts'
import { classify } from './classify.ts'
import { backupEndRules, restoreEndRules, taskRules } from './job-end-rules.ts'
import type { JobFailureKind } from './job-failure-kind.ts'
import { maskSecrets } from './mask.ts'
import { repositoryRules, storeRules, storeText } from './repository-rules.ts'
import type { JobRule } from './rule.ts'
import { StarRocksError } from './starrocks-error.ts'

/** Why a backup or restore was refused or failed, and what to do. */
export interface JobFailure {
  kind: JobFailureKind
  /** In StarRocks' own words, without secrets. */
  text: string
  remedy: string
  /** What it is about: the table first, then its partition; labels, tablets, privileges. */
  names: string[]
  /** In which point something conflicts, or in which state a job was: `bucket num`, `partition range`, `COMMITTING`. */
  what?: string
  /** When sending it again makes sense. */
  retryAfterMs?: number
  /** What the tasks said that led there. */
  cause?: JobFailure
}

/** What `classifyJobEnd` reads of a job. */
export interface EndedJob {
  status: { code: string; message: string }
  taskErrors?: readonly { message: string }[]
}

/** What the codes of `Status` mean when the text is none of the known ones (backup/Status.java). */
const byCode: Readonly<Record<string, [JobFailureKind, string]>> = {
  NOT_FOUND: ['re-plan', 'Something was dropped or renamed meanwhile: read the metadata and plan again'],
  BAD_FILE: ['corrupt', 'A file of the snapshot is damaged: verify it, use another one'],
  CREATE_REMOTE_PATH_FAILED: ['config', 'The store could not be written: check its permissions'],
  IS_DIR: ['corrupt', 'The repository holds a directory where a file should be'],
  IS_FILE: ['corrupt', 'The repository holds a file where a directory should be'],
  TIMEOUT: ['timeout', 'Allow more time, take fewer objects at once, or find out why its tasks fail'],
  BAD_CONNECTION: ['retry-later', 'The store could not be reached: check network and endpoint from the frontends'],
  OLAP_VERSION_ALREADY_MERGED: ['retry-later', 'The version was compacted away meanwhile: start again'],
  UNSUPPORTED: ['unsupported', 'Leave the object out'],
  BAD_REPLACE: ['conflict', 'Something else has this name: rename it'],
}

/**
 * What the answer to BACKUP, RESTORE, CANCEL, CREATE or DROP REPOSITORY or DROP SNAPSHOT asks for. Nothing was begun: the label is as free or
 * as taken as before. Takes what was thrown; an answer that never came stays `unknown`.
 */
export function classifySubmission(error: unknown, secrets?: readonly string[]): JobFailure {
  const known = error instanceof StarRocksError ? error : classify(error, { secrets })
  const found = byRules(known.detail, [repositoryRules, submissionRules, backupRules])
  if (found) return known.retryAfterMs ? { retryAfterMs: known.retryAfterMs, ...found } : found
  const kind: JobFailureKind =
    known.kind === 'Denied'
      ? 'privilege'
      : known.kind === 'Busy' || known.kind === 'NotLeader' || known.kind === 'Unreachable'
        ? 'retry-later'
        : known.kind === 'Syntax' || known.kind === 'UnknownProperties'
          ? 'request'
          : known.kind === 'Unsupported'
            ? 'unsupported'
            : 'unknown'
  return {
    kind,
    text: known.detail,
    remedy: known.remedy ?? 'Look into the leader’s log',
    names: [...known.names],
    ...(known.retryAfterMs ? { retryAfterMs: known.retryAfterMs } : {}),
  }
}

/**
 * Why a job ended that is CANCELLED; undefined while its status is OK. A backup's label must be taken for used, a restore may be sent again.
 * With TIMEOUT and after CANCEL, `cause` tells what its tasks complained of.
 */
export function classifyJobEnd(job: EndedJob, secrets?: readonly string[]): JobFailure | undefined {
  const { code, message } = job.status
  if (code === 'OK') return undefined
  const text = maskSecrets(message, secrets)
  const [kind, remedy] = byCode[code] ?? (['unknown', 'Look into the leader’s log'] as const)
  const failure = byRules(text, [backupEndRules, restoreEndRules, backupRules, taskRules]) ?? {
    kind,
    text: text || code,
    remedy,
    names: [],
  }
  const cause = classifyTaskErrors(job.taskErrors ?? [], secrets)
  const committing = failure.kind === 'cancelled' && failure.what === 'COMMITTING'
  return {
    ...failure,
    ...(committing
      ? { remedy: 'Its tables have bad replicas and can be neither read nor written: restore them again, or drop them' }
      : {}),
    ...(cause ? { cause } : {}),
  }
}

/** What the tasks of a job complain of, running or ended; the worst of it. They are tried again: a FINISHED job may have such texts too. */
export function classifyTaskErrors(
  errors: readonly { message: string }[],
  secrets?: readonly string[],
): JobFailure | undefined {
  const all = errors.map(({ message }) => classifyTaskError(maskSecrets(message, secrets)))
  return worst.map((kind) => all.find((failure) => failure.kind === kind)).find((failure) => failure !== undefined)
}

/** What no further try mends comes first. */
const worst: readonly JobFailureKind[] = ['unsupported', 'corrupt', 'capacity', 'config', 'retry-later', 'unknown']

function classifyTaskError(text: string): JobFailure {
  return (
    byRules(text, [taskRules, storeRules, backupEndRules]) ?? {
      kind: 'unknown',
      text,
      remedy: 'Look into the log of the backend that the task runs on',
      names: [],
    }
  )
}

function byRules(text: string, groups: readonly (readonly JobRule[])[]): JobFailure | undefined {
  // A store's own words say more than what StarRocks puts before them.
  const store = storeText.test(text) ? match(text, storeRules) : undefined
  const found = groups.map((rules) => match(text, rules)).find((failure) => failure !== undefined)
  const general = found === undefined || (found.kind === 'config' && found.names.length === 0)
  if (store && general) return store
  if (found) return found
  if (!storeText.test(text)) return undefined
  const remedy = 'Check the repository’s store and its credentials, from the frontends’ point of view'
  return { kind: 'config', text, remedy, names: [] }
}

function match(text: string, rules: readonly JobRule[]): JobFailure | undefined {
  for (const rule of rules) {
    const found = rule.text.exec(text)
    if (!found) continue
    const what = rule.what?.(found)
    return {
      kind: rule.failure,
      text,
      remedy: rule.remedy,
      names: rule.names?.(found) ?? [],
      ...(what ? { what } : {}),
      ...(rule.retryAfterMs ? { retryAfterMs: rule.retryAfterMs } : {}),
    }
  }
  return undefined
}
