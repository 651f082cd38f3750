import { defineSearchAttributeKey, type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common'
import { upsertSearchAttributes } from '@temporalio/workflow'
import { LONGEST_KEYWORD, SEARCH_ATTRIBUTES, splitTableName } from '../contract/names.ts'

type Name = keyof typeof SEARCH_ATTRIBUTES

function pairs(values: Partial<Record<Name, string>>): SearchAttributePair[] {
  return (Object.entries(values) as [Name, string][]).map(([name, value]) => ({
    key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name], 'KEYWORD'),
    value: [...value].slice(0, LONGEST_KEYWORD).join(''),
  }))
}

/** For a child's start options. */
export const searchAttributes = (values: Partial<Record<Name, string>>) => new TypedSearchAttributes(pairs(values))

/** Of this workflow, from now on. */
export const setSearchAttributes = (values: Partial<Record<Name, string>>) => upsertSearchAttributes(pairs(values))

/** For search: which database and table a workflow is about. */
export function tableAttributes(migration: string, target: string, table: string) {
  const { database, table: name } = splitTableName(table)
  return { kind: 'table', migration, cluster: target, database, table: name }
}
