export interface KnownDifference {
  /** Releases and groups that it is seen in, as `4.1-shared-data lake`. */
  where: RegExp
  statement: RegExp
  why: string
}

/** What the lab answers otherwise than the real frontends did, and why that is left so. */
export const knownDifferences: KnownDifference[] = [
  {
    where: /shared-data/,
    statement: /^SHOW (PROC '\/(backends|compute_nodes)|BACKENDS|COMPUTE NODES)/,
    why: 'the recorded cluster had backends; nodes of a shared-data lab cluster are compute nodes',
  },
  {
    where: /^3\.1 identity/,
    statement: /^SELECT @@global.enable_constant_execute_in_fe/,
    why: 'the lab takes every variable that some release has',
  },
  {
    where: /^3\.3 identity/,
    statement: /^SELECT current_user\(\), user\(\)/,
    why: '3.3 answers all functions of a session with the name of the user; no client asks that of it',
  },
  {
    where: /^3\.1 objects/,
    statement: /^SHOW ALTER TABLE COLUMN .* ORDER BY CreateTime DESC LIMIT 1/,
    why: 'two changes of the same second stand in any order',
  },
  {
    where: /^(3\.1|4\.1-shared-data) objects/,
    statement: /^SHOW MATERIALIZED VIEWS FROM shop$/,
    why: 'a view whose first refresh the recorded backends never made has other texts of its state',
  },
  {
    where: /./,
    statement: /^SHOW PROC '\/dbs\/\d+\/.*';\s*$/,
    why: 'leads through a table that the recording does not name',
  },
  {
    where: /^4\.1/,
    statement: /^SELECT TABLE_NAME FROM information_schema.tables WHERE TABLE_SCHEMA='shop'$/,
    why: 'the recorded frontend answered this one without backends, in the order of a hash map',
  },
  {
    where: /shared-data lake/,
    statement: /^SHOW CREATE TABLE lk.pk_local$/,
    why: 'the recorded backends never finished the change of the index type, which the lab makes at once',
  },
  {
    where: /shared-data lake/,
    statement: /^SHOW PROC '\/(dbs\/10866|transactions\/10866\/finished)'/,
    why: 'loads into automatic partitions, which the recorded backends never asked for, are left out',
  },
  {
    where: /shared-data copies/,
    statement: /^SHOW (PROC '\/(replications|transactions\/mg_l_g\/finished)'|PARTITIONS FROM mg_l_g.expr)/,
    why: 'left by copies and loads that were not recorded as statements',
  },
]
