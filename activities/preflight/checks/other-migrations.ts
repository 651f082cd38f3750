import type { WorkflowHandle } from '@temporalio/client'
import {
  type Finding,
  type MigrationSpec,
  migrationId,
  SEARCH_ATTRIBUTES,
  specQuery,
  WORKFLOW_TYPES,
} from '../../../contract/index.ts'
import { isExactly } from '../../../contract/visibility.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { createSelection } from '../../../planning/selection.ts'
import { isClosedStatus } from '../../closed-workflows.ts'
import { directory } from '../../pollers/directory.ts'
import type { Check, PreflightContext } from '../context.ts'

const MOST_OTHERS = 50
/** A migration that no worker answers for is not waited for. */
const ANSWER_MS = 5_000
const LISTING_AGE_MS = 60_000

/**
 * Whether another migration that runs copies into the same tables. What one copied is to the other a copy of something else, which it empties; with the
 * same source it is done twice.
 */
export const checkOtherMigrations: Check = async (context) => {
  const { spec } = context.session.pair
  const found: Finding[] = []
  for (const { workflowId, handle } of await runningMigrations(context)) {
    if (workflowId === migrationId(spec.name)) continue
    const other = await specOf(context, handle)
    if (!other || other.target !== spec.target) continue
    const tables = await sharedTables(context, other)
    if (tables.length > 0) found.push(finding(context, other, tables))
  }
  return found
}

async function runningMigrations({ deps, session }: PreflightContext) {
  const into = isExactly(SEARCH_ATTRIBUTES.cluster, session.pair.spec.target)
  const query = `WorkflowType = '${WORKFLOW_TYPES.migrate}' AND ExecutionStatus = 'Running' AND ${into}`
  const found: { workflowId: string; handle: WorkflowHandle }[] = []
  try {
    for await (const { workflowId } of deps.client.workflow.list({ query, pageSize: MOST_OTHERS })) {
      found.push({ workflowId, handle: deps.client.workflow.getHandle(workflowId) })
      if (found.length >= MOST_OTHERS) break
    }
  } catch {
    // Who may not list workflows can migrate all the same.
  }
  return found
}

async function specOf({ deps }: PreflightContext, handle: WorkflowHandle): Promise<MigrationSpec | undefined> {
  try {
    return await deps.client.withDeadline(Date.now() + ANSWER_MS, async () => {
      // Listings are some moments old.
      const { status } = await handle.describe()
      return isClosedStatus(status.name) ? undefined : handle.query(specQuery)
    })
  } catch {
    // It has ended meanwhile, or is just being started.
    return undefined
  }
}

/** Of the target's tables that this migration copies into, those for which the other one's source has one, too. */
async function sharedTables({ deps, session, tables }: PreflightContext, other: MigrationSpec): Promise<string[]> {
  const theirs = createSelection(other)
  const shared: string[] = []
  try {
    const listings = directory(deps.cluster(other.source).cluster)
    for (const entry of tables) {
      const { database, name } = session.pair.rename(entry)
      for (const one of theirs.sources(database, name)) {
        if ((await listings.tables(one.database, LISTING_AGE_MS))?.has(one.table)) shared.push(`${database}.${name}`)
      }
    }
  } catch {
    // A source that this worker does not know, or that does not answer: what it has, nobody can say.
  }
  return shared
}

function finding({ session }: PreflightContext, other: MigrationSpec, tables: string[]): Finding {
  const { spec } = session.pair
  const same = other.source === spec.source
  return {
    code: 'tables-taken',
    level: same ? 'warning' : 'fatal',
    subject: spec.target,
    message: `migration ${other.name} runs and copies ${same ? '' : `from ${other.source} `}into ${someOf(tables)} as well${same ? ': everything would be done twice' : ', and each would empty what the other copied'}`,
    remedy: `Stop ${other.name}, exclude these tables in one of the two, or rename them`,
  }
}
