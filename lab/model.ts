/**
 * The state of one lab cluster: what a frontend keeps in its catalog, and the rows that its backends keep.
 * Plain data, so that statements (`lab/sql`), replication (`lab/replication`) and faults all read and write the same thing.
 */

/** A release line whose answers the lab gives; built from answers of real frontends. */
export type LabVersion = '3.1' | '3.3' | '3.5' | '4.1'
export type LabRunMode = 'shared_nothing' | 'shared_data'

/** A value of a row. Numbers beyond 53 bits, dates, decimals are text, as the MySQL text protocol prints them. */
export type LabValue = string | number | bigint | boolean | null

/**
 * One row with the data versions between which it lives: visible at version v when `since <= v` and (`until` is unset or `until > v`).
 * So a snapshot at exactly a version can be read while loads go on, as on a real backend.
 */
export interface LabRow {
  values: LabValue[]
  since: bigint
  until?: bigint
}

export interface LabReplica {
  id: bigint
  backendId: bigint
  version: bigint
  lastFailedVersion: bigint
  state: 'NORMAL' | 'CLONE' | 'DECOMMISSION' | 'SCHEMA_CHANGE'
  bad: boolean
}

/** A bucket of one index in one physical partition. Rollup tablets keep no rows of their own: they are derived from the base. */
/** What a tablet's backend still takes for its columns, until the partition is loaded: then it hears of changes. */
export interface LabHeard {
  /** Visible version of the partition. */
  at: bigint
  schemaVersion: number
  columns: { name: string; uniqueId: number }[]
}

export interface LabTablet {
  heard?: LabHeard
  id: bigint
  replicas: LabReplica[]
  rows: LabRow[]
}

export interface LabPhysicalPartition {
  id: bigint
  visibleVersion: bigint
  visibleTimeMs: number
  dataVersion: bigint
  versionEpoch: bigint
  versionTxnType: 'TXN_NORMAL' | 'TXN_REPLICATION'
  /** Committed but not yet published version, when a transaction waits for its publish; else equals visibleVersion. */
  committedVersion: bigint
  /** Oldest data version of which a snapshot can still be made; versions below were merged away. Unset: all. */
  oldestVersion?: bigint
  /** Visible versions that compaction made in a shared-data cluster: they hold the rows of the version before. */
  compactions?: bigint[]
  /** Bytes that are shown and copied beside those of the rows: how big tables are acted out. */
  extraBytes?: number
  /** Tablets in bucket order, per index meta id. */
  tablets: Map<bigint, LabTablet[]>
}

export interface LabPartition {
  /** Logical id. */
  id: bigint
  name: string
  temporary: boolean
  /** Range ends as typed key texts (undefined upper end of a column = MAXVALUE), or list tuples (null = NULL), or neither. */
  range?: { lower: string[]; upper: string[] | 'MAXVALUE' }
  list?: (string | null)[][]
  /** Whether one-column values were given as tuples: releases before 3.5 print them so. */
  listOfTuples?: boolean
  buckets: number
  replicationNum: number
  storageMedium: 'HDD' | 'SSD'
  cooldownTime: string
  /** Usually one; more for random distribution with automatic buckets. */
  physical: LabPhysicalPartition[]
}

export interface LabColumn {
  name: string
  /** In the backends, where it was made under another name. */
  stored?: string
  /** In the backends' files; unset: its place. */
  uniqueId?: number
  /** Type text in the form that DESC of this version prints (`bigint(20)`, `varchar(20)`, `decimal(10, 2)`, `array<int(11)>`, …). */
  type: string
  key: boolean
  nullable: boolean
  aggregation?: string
  /** As given: literal text (unescaped), CURRENT_TIMESTAMP, an expression such as uuid(), or undefined. */
  default?: { kind: 'literal'; value: string } | { kind: 'null' } | { kind: 'expression'; value: string }
  autoIncrement: boolean
  generated?: string
  comment: string
  /** Partition columns that StarRocks generates for expression lists. */
  hidden?: boolean
}

/** Schema of the base index, a rollup or a synchronous materialized view. The base comes first and bears the table's name. */
export interface LabIndexMeta {
  id: bigint
  name: string
  columns: LabColumn[]
  /** Of the next column that is added; unset: there are only those that it was made with. */
  nextUniqueId?: number
  schemaVersion: number
  /** Signed 32 bit. */
  schemaHash: number
  shortKeyColumnCount: number
  keysType: 'DUP_KEYS' | 'UNIQUE_KEYS' | 'AGG_KEYS' | 'PRIMARY_KEYS'
  /** Text of CREATE MATERIALIZED VIEW, for a synchronous one. */
  definition?: string
}

export interface LabPartitioning {
  kind: 'none' | 'range' | 'expression-range' | 'list' | 'automatic-list'
  /** Column names, in order. */
  columns: string[]
  /** For expressions: canonical text such as date_trunc('day', dt), str2date(s, '%Y-%m-%d'). */
  expression?: string
}

export interface LabTable {
  kind: 'table'
  id: bigint
  name: string
  state: 'NORMAL' | 'SCHEMA_CHANGE' | 'ROLLUP' | 'RESTORE' | 'OPTIMIZE'
  engine: string
  comment: string
  keysType: LabIndexMeta['keysType']
  keyColumns: string[]
  sortKey: string[]
  partitioning: LabPartitioning
  distribution: { kind: 'hash' | 'random'; columns: string[]; buckets: number /* 0 = automatic */ }
  /** Secondary indexes as declared: BITMAP, NGRAMBF, GIN, VECTOR. */
  secondaryIndexes: { name: string; columns: string[]; type: string; properties: [string, string][]; comment: string }[]
  /** Properties as SHOW CREATE TABLE prints them, insertion order kept. */
  properties: Map<string, string>
  colocateGroup?: string
  /** Base first. */
  indexes: LabIndexMeta[]
  /** Creation order; temporary ones included. */
  partitions: LabPartition[]
  /**
   * The empty partition that every automatically partitioned table has and no listing shows. Ids are taken when a backup first needs them;
   * `missing` in a table restored without it.
   */
  shadow?: LabPartition | 'missing'
  createdMs: number
  /** Next AUTO_INCREMENT value. */
  nextAutoIncrement: bigint
  /** When the scheduler of dynamic partitions last saw the table; unset until it has. */
  scheduledMs?: number
}

export interface LabView {
  kind: 'view'
  id: bigint
  name: string
  columns: { name: string; comment: string }[]
  comment: string
  security: 'NONE' | 'INVOKER'
  /** Query text as the frontend prints it. */
  definition: string
  /** Columns with the types that the query gives them. */
  schema: LabColumn[]
  createdMs: number
}

export interface LabMaterializedView {
  kind: 'materialized-view'
  id: bigint
  name: string
  /** The text that SHOW CREATE MATERIALIZED VIEW prints. */
  text: string
  definition: string
  /** Columns with the types that the query gives them. */
  schema: LabColumn[]
  comment: string
  properties: Map<string, string>
  createdMs: number
  active: boolean
  /** Empty while active. */
  inactiveReason: string
  /** Ids of the tables and materialized views that its query reads, as of its creation or its last ALTER … ACTIVE. */
  baseIds: bigint[]
  /** Ids that it read before; releases before 3.5 still let their drop or swap switch it off. */
  formerBaseIds: bigint[]
  refreshes: LabRefresh[]
}

/** A run of REFRESH MATERIALIZED VIEW. */
export interface LabRefresh {
  taskId: string
  startedMs: number
  finishedMs: number
}

/** An object that cannot be replicated: ENGINE=mysql, file, … */
export interface LabExternalTable {
  kind: 'external-table'
  id: bigint
  name: string
  engine: string
  /** The text that SHOW CREATE TABLE prints, secrets masked. */
  text: string
  columns: LabColumn[]
  createdMs: number
}

export type LabObject = LabTable | LabView | LabMaterializedView | LabExternalTable

export interface LabDatabase {
  id: bigint
  name: string
  objects: Map<string, LabObject>
  properties: Map<string, string>
  functions: LabFunction[]
}

/** A function that a user made, of a database or global. */
export interface LabFunction {
  /** Negative, as StarRocks numbers them: another function of the same text is another one. */
  id: bigint
  name: string
  /** As StarRocks prints them: INT, VARCHAR, ARRAY<INT>, … */
  argumentTypes: string[]
  /** Whether the last argument may be repeated. */
  variadic: boolean
  returnType: string
  intermediateType: string | null
  kind: 'Scalar' | 'Aggregate' | 'Table'
  symbol: string
  /** URL of the jar, or `inline`. */
  file: string
  type: 'SRJAR' | 'PYTHON'
  md5: string
  /** Text of a function that is given with the statement. */
  content?: string
}

export interface LabCatalog {
  id: bigint
  name: string
  comment: string | null
  /** As given, secrets in clear; `type` among them. */
  properties: Map<string, string>
}

/** What a user or role was granted. Objects are kept by id, so that a grant follows its table through renames and swaps. */
export interface LabGrant {
  privilege: string
  /** SYSTEM, CATALOG, DATABASE, TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, GLOBAL FUNCTION, RESOURCE, RESOURCE GROUP, USER, STORAGE VOLUME, … */
  objectType: string
  /** Catalog; default_catalog unless the grant says otherwise. */
  catalog: string
  /** Id of the database, `ALL`, or nothing for what belongs to none. */
  database?: bigint | 'ALL'
  /** Id of the object, a name where objects have no ids (catalogs, users, resources), or `ALL`. */
  object?: bigint | string
  grantOption: boolean
}

export interface LabRole {
  id: bigint
  name: string
  builtin: boolean
  comment: string | null
  grants: LabGrant[]
  /** Roles that it was granted. */
  roles: string[]
}

export interface LabResourceGroup {
  id: bigint
  name: string
  /** As given: cpu_weight, mem_limit, … */
  properties: Map<string, string>
  classifiers: { id: bigint; text: string }[]
}

/** Something dropped without FORCE, which RECOVER brings back. The newest comes last. */
export type LabDropped =
  | { kind: 'database'; database: LabDatabase }
  | { kind: 'table'; databaseId: bigint; table: LabTable }
  | { kind: 'partition'; tableId: bigint; partition: LabPartition }

export interface LabTransaction {
  id: bigint
  dbId: bigint
  label: string
  status: 'PREPARE' | 'PREPARED' | 'COMMITTED' | 'VISIBLE' | 'ABORTED'
  sourceType: 'REPLICATION' | 'INSERT_STREAMING' | 'BACKEND_STREAMING'
  prepareMs: number
  commitMs?: number
  publishMs?: number
  finishMs?: number
  reason: string
  timeoutMs: number
  tableIds: bigint[]
  /** Physical ones of a load's table. */
  partitionIds?: bigint[]
}

export interface LabReplicationJob {
  jobId: string
  databaseId: bigint
  tableId: bigint
  txnId: bigint
  createdMs: number
  finishedMs?: number
  state: 'INITIALIZING' | 'SNAPSHOTING' | 'REPLICATING' | 'COMMITTED' | 'ABORTED'
  finishedTasks: number
  totalTasks: number
  error: string
}

export interface LabNode {
  id: bigint
  host: string
  heartbeatPort: number
  bePort: number
  httpPort: number
  brpcPort: number
  alive: boolean
  startedMs: number
  /** Bytes. */
  diskTotal: number
  diskUsed: number
}

export interface LabFrontend {
  id: bigint
  name: string
  host: string
  editLogPort: number
  httpPort: number
  queryPort: number
  rpcPort: number
  role: 'LEADER' | 'FOLLOWER' | 'OBSERVER'
  alive: boolean
  startedMs: number
}

export interface LabUser {
  name: string
  /** Where it may come from; % unless given. */
  host?: string
  password: string
  /** Password as `IDENTIFIED WITH mysql_native_password AS` gave it. */
  passwordHash?: string
  /** Privileges it holds on everything; 'ALL' is root. OPERATE ON SYSTEM is 'OPERATE'. */
  privileges: Set<string>
  /** Privileges granted by statements, on the objects that these named. */
  grants?: LabGrant[]
  /** Roles granted to it; all are taken as active. */
  roles?: string[]
}

/** A repository as CREATE REPOSITORY registered it. */
export interface LabRepository {
  id: bigint
  name: string
  /** As `__repo_info` has it; shown by the release's own rule. */
  createTime: string
  /** Whether `__repo_info` was there before, so that its time was read and not made. */
  adopted: boolean
  readOnly: boolean
  location: string
  broker: string
  properties: Map<string, string>
  /** What storage said when it was asked last; empty while it answers. */
  trouble: string
}

/** What a job tells about itself, of whichever kind. */
export interface LabSnapshotJobBase {
  /** -1 until the job is prepared, and of external catalogs for ever. */
  id: bigint
  label: string
  /** -1 for external catalogs. */
  databaseId: bigint
  /** Name of the database when the job was made; empty for external catalogs. */
  databaseName: string
  repository: string
  /** As SHOW prints the objects. */
  objects: string
  /** Their names. */
  names: string[]
  createdMs: number
  snapshotFinishedMs?: number
  finishedMs?: number
  /** Id of a tablet or task → backend. */
  unfinished: Map<bigint, bigint>
  /** Files done and to do, by task. */
  progress: Map<bigint, { done: number; total: number }>
  /** Last failure, by task. */
  errors: Map<bigint, string>
  status: { code: string; message: string }
  timeoutMs: number
  /** Who sent it. */
  user: string
}

export interface LabBackupJob extends LabSnapshotJobBase {
  kind: 'backup'
  state:
    | 'PENDING'
    | 'SNAPSHOTING'
    | 'UPLOAD_SNAPSHOT'
    | 'UPLOADING'
    | 'SAVE_META'
    | 'UPLOAD_INFO'
    | 'FINISHED'
    | 'CANCELLED'
  uploadFinishedMs?: number
}

export interface LabRestoreJob extends LabSnapshotJobBase {
  kind: 'restore'
  state: 'PENDING' | 'SNAPSHOTING' | 'DOWNLOAD' | 'DOWNLOADING' | 'COMMIT' | 'COMMITTING' | 'FINISHED' | 'CANCELLED'
  /** Of the snapshot. */
  timestamp: string
  allowLoad: boolean
  replicationNum: number
  metaPreparedMs?: number
  downloadFinishedMs?: number
}

export type LabSnapshotJob = LabBackupJob | LabRestoreJob

/** One lab cluster. `lock`-free: the lab runs in one event loop and every statement is applied synchronously. */
/** A job that loads without end; its rows are not acted out. */
export interface LabRoutineLoad {
  id: bigint
  name: string
  databaseId: bigint
  /** It goes by the id, whatever the table is called. */
  tableId: bigint
  state: 'RUNNING'
  source: string
  createdMs: number
}

export interface LabState {
  name: string
  version: LabVersion
  runMode: LabRunMode
  /** Tablets hear of light changes of columns only when they are loaded. */
  lateSchemas?: boolean
  /** Cluster token that backends demand of those who download tablets. */
  token: string
  /** Chosen when the cluster was set up. */
  clusterId: string
  serviceId: string
  databases: Map<string, LabDatabase>
  frontends: LabFrontend[]
  /** Backends, or compute nodes of a shared-data cluster. */
  nodes: LabNode[]
  /** By name; users of one host only by `name@host`. */
  users: Map<string, LabUser>
  roles: Map<string, LabRole>
  /** External ones, by name. */
  catalogs: Map<string, LabCatalog>
  globalFunctions: LabFunction[]
  resources: Map<string, Map<string, string>>
  resourceGroups: Map<string, LabResourceGroup>
  recycleBin: LabDropped[]
  routineLoads: LabRoutineLoad[]
  /** By name, in order of creation. */
  repositories: Map<string, LabRepository>
  /** The last backup or restore of each database, by the id of the database. */
  snapshotJobs: Map<bigint, LabSnapshotJob>
  config: Map<string, { value: string; type: string; mutable: boolean; aliases: string; comment: string }>
  storageVolumes: Map<
    string,
    { type: string; isDefault: boolean; location: string; params: string; enabled: boolean; comment: string }
  >
  transactions: LabTransaction[]
  /** Running jobs, and for each table the last aborted and the last committed one. */
  replicationJobs: LabReplicationJob[]
  /** Next catalog id. */
  nextId(): bigint
  /** A new epoch: ((milliseconds since 2020) << 21) | sequence, as the frontend makes them. */
  nextEpoch(): bigint
  /** Milliseconds of the cluster's own clock, which may run at a factor. */
  now(): number
}
