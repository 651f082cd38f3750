import { createHash } from 'node:crypto'

/** Names inside a repository's location. */
export const repositoryFolder = (name: string): string => `__starrocks_repository_${name}`

export const repositoryInfoKey = (repository: string): string => `${repositoryFolder(repository)}/__repo_info`

export const snapshotFolder = (repository: string, label: string): string =>
  `${repositoryFolder(repository)}/__ss_${label}`

export interface TabletPath {
  databaseId: bigint
  tableId: bigint
  physicalId: bigint
  indexId: bigint
  tabletId: bigint
}

export const tableContentFolder = (snapshot: string, path: Pick<TabletPath, 'databaseId' | 'tableId'>): string =>
  `${snapshot}/__ss_content/__db_${path.databaseId}/__tbl_${path.tableId}`

export const tabletFolder = (snapshot: string, path: TabletPath): string =>
  `${tableContentFolder(snapshot, path)}/__part_${path.physicalId}/__idx_${path.indexId}/__${path.tabletId}`

export const md5Of = (content: Buffer | string): string => createHash('md5').update(content).digest('hex')

/** Every file's name ends with the md5 of its content. */
export const withMd5 = (name: string, content: Buffer | string): string => `${name}.${md5Of(content)}`

/** Name and md5 of a file's name in the repository; undefined when it has none. */
export const splitMd5 = (name: string): { base: string; md5: string } | undefined => {
  const [, base, md5] = /^(.*)\.([0-9a-f]{32})$/.exec(name) ?? []
  return base === undefined || md5 === undefined ? undefined : { base, md5 }
}

/** `yyyy-MM-dd-HH-mm-ss-SSS` in the zone of the frontend's machine, which is UTC in the lab. */
export const snapshotTimestamp = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replace(/[T:.]/g, '-')
