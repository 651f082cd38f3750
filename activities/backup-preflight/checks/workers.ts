import type { Finding } from '../../../contract/findings.ts'
import { info, someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { quoteString } from '../../../starrocks/index.ts'
import { type ClusterFacts, settingNumber } from '../cluster-facts.ts'
import { unlessRefused } from '../unless-refused.ts'

const KEYS = [
  'upload_worker_count',
  'download_worker_count',
  'make_snapshot_worker_count',
  'release_snapshot_worker_count',
  'snapshot_expire_time_sec',
] as const
type Key = (typeof KEYS)[number]

/** What makes jobs slow, or too slow: threads of the backends, bounds of the frontend, local snapshots that expire. Not told by clusters that cannot. */
export async function checkWorkers(context: ClusterFacts, timeoutSeconds: number): Promise<Finding[]> {
  const { side, of, spec, features, backends } = context
  const configs = await backendConfigs(context)
  const findings: Finding[] = []
  const key: Key = of === 'backup' ? 'upload_worker_count' : 'download_worker_count'
  const one = configs.get(key)
  const single = [...(one ?? [])].filter(([, value]) => value === 1).map(([id]) => hostOf(backends, id))
  const verb = of === 'backup' ? 'upload' : 'download'
  const remedy = `Set ${key} to 0 (as many as cores) in be.conf and restart the backends, or UPDATE information_schema.be_configs`
  if (single.length > 0) {
    findings.push(
      warning(
        'one-upload-thread',
        spec.cluster,
        `Backends ${someOf(single)} of ${spec.cluster} ${verb} with a single thread`,
        remedy,
      ),
    )
  } else if (!one && features.uploadsByCores === false) {
    findings.push(
      warning(
        'one-upload-thread',
        spec.cluster,
        `Backends of ${side.version.text} ${verb} with a single thread unless ${key} says otherwise`,
        remedy,
      ),
    )
  }
  if (of === 'backup') findings.push(...snapshotThreads(context, configs))
  const bound = of === 'backup' ? 'max_upload_task_per_be' : 'max_download_task_per_be'
  const tasks = settingNumber(context, bound)
  if (tasks !== undefined && tasks > 0) {
    findings.push(info('uploads-throttled', spec.cluster, `${bound} bounds each backend to ${tasks} tasks of a job`))
  }
  const expire = [...(configs.get('snapshot_expire_time_sec') ?? [])].map(([, value]) => value)
  const shortest = expire.length > 0 ? Math.min(...expire) : DEFAULT_EXPIRE
  if (of === 'backup' && timeoutSeconds > shortest) {
    findings.push(
      warning(
        'snapshots-expire',
        spec.cluster,
        `A job may take ${timeoutSeconds} s, but backends delete their local snapshots after ${shortest} s: what has not been uploaded by then never will be`,
        'Lower timeout, back up less in one snapshot (snapshot.tables, snapshot.bytes), or raise snapshot_expire_time_sec on the backends',
      ),
    )
  }
  return findings
}

/** Threads that make local snapshots and remove them again; five unless somebody has set them lower. */
function snapshotThreads({ spec, backends }: ClusterFacts, configs: Map<Key, Map<string, number>>): Finding[] {
  return (['make_snapshot_worker_count', 'release_snapshot_worker_count'] as const).flatMap((key) => {
    const few = [...(configs.get(key) ?? [])].filter(([, value]) => value < DEFAULT_THREADS)
    if (few.length === 0) return []
    const hosts = few.map(([id, value]) => `${hostOf(backends, id)} (${value})`)
    const does = key === 'make_snapshot_worker_count' ? 'make' : 'remove'
    return [
      info(
        'few-snapshot-threads',
        spec.cluster,
        `Backends of ${spec.cluster} ${does} local snapshots with fewer than ${DEFAULT_THREADS} threads: ${someOf(hosts)}`,
        `${key} in be.conf is ${DEFAULT_THREADS} by default; it takes effect when the backend is restarted`,
      ),
    ]
  })
}

const DEFAULT_THREADS = 5

/** Two days, in all versions. */
const DEFAULT_EXPIRE = 172_800

/** Settings of living backends, by key and backend; empty where they do not answer. */
async function backendConfigs({ side, signal }: ClusterFacts): Promise<Map<Key, Map<string, number>>> {
  const found = new Map<Key, Map<string, number>>()
  const sql = `SELECT BE_ID, NAME, VALUE FROM information_schema.be_configs WHERE NAME IN (${KEYS.map(quoteString).join(', ')})`
  const answer = await side.cluster.query(sql, { signal }).catch(unlessRefused)
  for (const row of answer?.rows ?? []) {
    const key = KEYS.find((one) => one === row.get('NAME'))
    const value = Number(row.get('VALUE') ?? Number.NaN)
    if (!key || !Number.isFinite(value)) continue
    const values = found.get(key) ?? new Map<string, number>()
    found.set(key, values.set(row.get('BE_ID') ?? '', value))
  }
  return found
}

const hostOf = (backends: ClusterFacts['backends'], id: string) =>
  backends.find((backend) => String(backend.id) === id)?.host ?? id
