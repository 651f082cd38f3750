/** What a RESTORE statement chose of a snapshot. */
export interface RestoreSelection {
  /** Tables, views and materialized views; without partitions all that the snapshot has. */
  objects: { name: string; alias: string; partitions: string[] }[]
  /** Functions by name with their new names, or all. */
  functions: { name: string; alias: string }[] | 'all'
  /** External catalogs with their new names, for a restore of these. */
  catalogs?: { name: string; alias: string }[]
}
