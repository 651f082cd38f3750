/** How far one task of a job is; the numbers count files. */
export interface TaskProgress {
  taskId: string
  done: number
  total: number
}

/** A task that is not done yet, and the backend that does it. The id is a tablet's while a job makes snapshots. */
export interface UnfinishedTask {
  id: string
  backendId: string
}

/** What a task said when it failed. Failed tasks are tried again: a FINISHED job may have these too. */
export interface TaskError {
  id: string
  message: string
}

export interface JobStatus {
  /** OK, NOT_FOUND, BAD_FILE, TIMEOUT, COMMON_ERROR, UNSUPPORTED, OLAP_VERSION_ALREADY_MERGED … */
  code: string
  message: string
}

/** `[10005: 3/12], [10006: 0/4]`. Not a percentage of anything; tasks that are done disappear. */
export function readProgress(text: string): TaskProgress[] {
  return [...text.matchAll(/\[?\s*(-?\d+):\s*(\d+)\/(\d+)\s*\]?/g)].map(([, taskId = '', done, total]) => ({
    taskId,
    done: Number(done),
    total: Number(total),
  }))
}

/** Sums of `readProgress`. */
export function totalProgress(tasks: readonly TaskProgress[]): { done: number; total: number } {
  return {
    done: tasks.reduce((sum, task) => sum + task.done, 0),
    total: tasks.reduce((sum, task) => sum + task.total, 0),
  }
}

/** `12276=10001, 12277=10002`, with or without brackets around it. */
export function readUnfinishedTasks(text: string): UnfinishedTask[] {
  return [...text.matchAll(/(-?\d+)=(-?\d+)/g)].map(([, id = '', backendId = '']) => ({ id, backendId }))
}

/** `[12276: upload failed: disk full], [12277: …]`. A message may hold brackets itself. */
export function readTaskErrors(text: string): TaskError[] {
  const inner = text.trim().replace(/^\[/, '').replace(/\]$/, '')
  if (inner === '') return []
  return inner.split(/\],\s*\[(?=-?\d+:)/).map((part) => {
    const match = /^\s*(-?\d+):\s*([\s\S]*)$/.exec(part)
    return match ? { id: match[1] ?? '', message: match[2] ?? '' } : { id: '', message: part }
  })
}

/** `[OK]`, or `[COMMON_ERROR, msg: text]`. A message may hold brackets and be empty. */
export function readJobStatus(text: string): JobStatus {
  const match = /^\[\s*([A-Z_]+)\s*(?:,\s*msg:\s?([\s\S]*))?\]\s*$/.exec(text)
  return match ? { code: match[1] ?? '', message: (match[2] ?? '').trim() } : { code: '', message: text.trim() }
}
