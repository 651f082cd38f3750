/** Names within a repository, as StarRocks' Repository.java and the backends' snapshot_loader.cpp make them. */
export const repositoryDirectory = (name: string) => `__starrocks_repository_${name}/`
/** What older versions made, and all still use where it is there. */
export const legacyDirectory = (name: string) => `__palo_repository_${name}/`
export const REPO_INFO = '__repo_info'
export const SNAPSHOT = '__ss_'
export const INFO = '__info_'
export const META = '__meta.'
export const CONTENT = '__ss_content/'

/** What an upload that has not ended, or never will, is called on stores where objects can be renamed. */
export const isPart = (name: string) => name.endsWith('.part')

/** `<name>.<md5 of the content>`. */
export function splitMd5(name: string): { base: string; md5: string } | undefined {
  const match = /^(.+)\.([0-9a-f]{32})$/.exec(name)
  return match?.[1] && match[2] ? { base: match[1], md5: match[2] } : undefined
}

/** `__ss_<label>/` or `__ss_<label>` → label. */
export function labelOf(prefix: string): string | undefined {
  return prefix.startsWith(SNAPSHOT) ? prefix.slice(SNAPSHOT.length).replace(/\/$/, '') : undefined
}

/** `__info_<timestamp>.<md5>` → its parts; the timestamp is what RESTORE wants as backup_timestamp. */
export function infoName(name: string): { timestamp: string; md5: string } | undefined {
  const match = /^__info_(\d{4}(?:-\d{2}){5}(?:-\d{1,3})?)\.([0-9a-f]{32})$/.exec(name)
  return match?.[1] && match[2] ? { timestamp: match[1], md5: match[2] } : undefined
}

export interface IndexIds {
  database: bigint
  table: bigint
  /** Physical. */
  partition: bigint
  index: bigint
}

/** Below a snapshot, with a slash at its end; a directory a tablet is in it. */
export function indexDirectory({ database, table, partition, index }: IndexIds): string {
  return `${CONTENT}__db_${database}/__tbl_${table}/__part_${partition}/__idx_${index}/`
}

export const tabletName = (tablet: bigint) => `__${tablet}/`
