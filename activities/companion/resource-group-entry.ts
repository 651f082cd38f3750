import type { CompanionEntry } from '../../planning/companion/script.ts'
import { quoteName, quoteProperties, quoteString, type ResourceGroup } from '../../starrocks/index.ts'

/** The cluster makes these itself. */
const BUILTIN: ReadonlySet<string> = new Set(['default_wg', 'default_mv_wg'])
/** What versions print for “not set”. */
const UNSET: ReadonlySet<string> = new Set(['', '0', '-1', 'null', 'NULL', '100%', '100.0%'])

/** CREATE RESOURCE GROUP from what SHOW RESOURCE GROUPS prints; undefined for those that are always there. */
export function resourceGroupEntry({ name, limits, classifiers }: ResourceGroup): CompanionEntry | undefined {
  if (BUILTIN.has(name)) return undefined
  const given = Object.entries(limits).filter(
    ([key, value]) =>
      key !== 'warehouses' && !(UNSET.has(value) && key !== 'mem_limit') && !(key === 'type' && value === 'NORMAL'),
  )
  const to = classifiers.map(classifier).filter((text) => text !== '')
  const who = to.length > 0 ? ` TO ${to.map((text) => `(${text})`).join(', ')}` : ''
  return {
    kind: 'resourceGroup',
    name,
    statements: [`CREATE RESOURCE GROUP IF NOT EXISTS ${quoteName(name)}${who} WITH ${quoteProperties(given)}`],
  }
}

const KEYS =
  /(?:^|, )(id|weight|user|role|query_type|source_ip|db|plan_cpu_cost_range|plan_mem_cost_range)\s*(?:=|in)\s*/gi

/** `(id=1, weight=1.0, user=alice, query_type in (SELECT))` → `user='alice', query_type in ('select')`. Values are printed without quotes, and may hold commas. */
function classifier(printed: string): string {
  const text = printed.trim().replace(/^\(([\s\S]*)\)$/, '$1')
  const found = [...text.matchAll(KEYS)]
  return found
    .flatMap((match, at) => {
      const key = (match[1] ?? '').toLowerCase()
      if (key === 'id' || key === 'weight') return []
      const value = text.slice(match.index + match[0].length, found[at + 1]?.index ?? text.length).trim()
      if (key !== 'query_type') return [`${key} = ${quoteString(value.replace(/^'([\s\S]*)'$/, '$1'))}`]
      const types = value.replace(/^[([]|[)\]]$/g, '').split(',')
      return [
        `query_type in (${types.map((type) => quoteString(type.trim().replaceAll("'", '').toLowerCase())).join(', ')})`,
      ]
    })
    .join(', ')
}
