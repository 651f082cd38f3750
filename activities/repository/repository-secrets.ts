import type { Dependencies } from '../dependencies.ts'

/** Whatever has no name of its own in a text: values of properties that may be keys. */
export const secretValues = (properties: Readonly<Record<string, string>>): string[] =>
  Object.entries(properties).flatMap(([key, value]) =>
    /key|secret|password|token|credential|sas/i.test(key) && !/^(true|false)$/i.test(value) ? [value] : [],
  )

/** What a cluster may repeat when it tells of work on a repository; nothing of one that is not configured here. */
export function repositorySecrets(deps: Pick<Dependencies, 'repository' | 'repositoryNames'>, name: string): string[] {
  return deps.repositoryNames().includes(name) ? secretValues(deps.repository(name).properties) : []
}
