import type { RepositoriesAnswer, RepositoriesInput } from '../../contract/backup/repository-api.ts'
import type { Finding } from '../../contract/findings.ts'
import {
  checkAgainstRepositories,
  checkRepositoryDefinition,
  createRepositoryStatement,
  maskSecrets,
  type RepositoryFinding,
  StarRocksError,
  showRepositories,
} from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { pause } from '../heartbeat.ts'
import { facts } from '../pollers/facts.ts'
import { repositoryRows, sameLocation } from './repository-rows.ts'
import { secretValues } from './repository-secrets.ts'

type CreateInput = Extract<RepositoriesInput, { op: 'create' }>

const DEFAULT_SECONDS = 120
/** How long an attempt before this one is given to show what became of its statement. */
const SETTLE_MS = 30_000

export interface CreateWork {
  deps: Dependencies
  input: CreateInput
  /** A former attempt sent the statement, and its answer is not known. */
  sentBefore: boolean
  /** Right before it is sent. */
  sending(): void
  signal: AbortSignal
}

/**
 * Makes the cluster know a configured repository, once. The known mistakes are looked for first, because StarRocks' own checks can take a quarter of an hour
 * in which no other repository can be made either. What is there already, at the same place, is as good. Errors: StarRocksError of reads.
 */
export async function createRepository({
  deps,
  input,
  sentBefore,
  sending,
  signal,
}: CreateWork): Promise<RepositoriesAnswer> {
  const { cluster } = deps.cluster(input.cluster)
  const { name, location, properties } = deps.repository(input.repository)
  const definition = { name, location, properties, readOnly: input.readOnly }
  const { version } = await facts(cluster).capabilities()
  const statement = maskSecrets(createRepositoryStatement(definition), secretValues(properties))
  const existing = await showRepositories(cluster, { signal })
  const findings = [
    ...checkRepositoryDefinition(definition, version),
    ...checkAgainstRepositories(definition, existing),
  ].map((finding) => findingOf(finding, name))
  const answer = async (more: Finding[] = []): Promise<RepositoriesAnswer> => {
    const all = [...findings, ...more]
    const rows = (await repositoryRows(deps, cluster, signal)).filter((row) => row.name === name)
    return { ok: !all.some((finding) => isFatal(finding, input)), rows, findings: all, statement }
  }

  const found = existing.find((one) => one.name === name && sameLocation(one.location, location))
  if (found) return answer(alreadyThere(found, input))
  if (findings.some((finding) => isFatal(finding, input))) return answer()
  if (sentBefore) {
    if (await appears(SETTLE_MS)) return answer()
    return answer([unanswered(name, 'and the worker that sent it is gone')])
  }
  const seconds = input.timeoutSeconds ?? DEFAULT_SECONDS
  sending()
  try {
    await cluster.execute(createRepositoryStatement(definition), { signal, timeoutMs: seconds * 1000 })
    return answer()
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof StarRocksError)) throw error
    if (await appears(0)) return answer()
    if (error.kind === 'OutcomeUnknown' || error.kind === 'Unreachable') {
      return answer([unanswered(name, `within ${seconds} s`)])
    }
    return answer([
      { code: 'repository-refused', level: 'fatal', subject: name, message: error.detail, remedy: error.remedy },
    ])
  }

  async function appears(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs
    for (;;) {
      signal.throwIfAborted()
      const now = await showRepositories(cluster, { signal, timeoutMs: 20_000 }).catch(() => [])
      if (now.some((one) => one.name === name && sameLocation(one.location, location))) return true
      if (performance.now() >= until) return false
      await pause(1_000, signal)
    }
  }
}

function alreadyThere(found: { name: string; readOnly: boolean }, input: CreateInput): Finding[] {
  const { name, readOnly } = found
  const asked = input.readOnly ?? false
  if (readOnly === asked || (asked && !readOnly)) {
    return [
      {
        code: 'repository-exists',
        level: 'info',
        subject: name,
        message: `${input.cluster} has repository ${name} at this place already`,
      },
    ]
  }
  return [
    {
      code: 'repository-read-only',
      level: 'fatal',
      subject: name,
      message: `${input.cluster} has repository ${name} at this place, read-only`,
      remedy: `drop it with repo drop and create it again; what it holds stays`,
    },
  ]
}

function unanswered(name: string, how: string): Finding {
  return {
    code: 'repository-no-answer',
    level: 'fatal',
    subject: name,
    message: `CREATE REPOSITORY was not answered ${how}; it has been given up here, not on the cluster. A frontend that cannot reach the storage tries for a quarter of an hour and more, and makes every other CREATE REPOSITORY wait meanwhile`,
    remedy:
      'check endpoint, region and network from the frontends to the storage; look with repo list whether it came to be, before it is tried again',
  }
}

function findingOf({ severity, code, message, remedy }: RepositoryFinding, subject: string): Finding {
  return { code: `repository-${code}`, level: severity === 'error' ? 'fatal' : 'warning', subject, message, remedy }
}

const isFatal = ({ level, code }: Finding, { ignore = [] }: CreateInput) => level === 'fatal' && !ignore.includes(code)
