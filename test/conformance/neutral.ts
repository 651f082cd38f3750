/** What no two clusters have in common, and so is not compared: ids, times, places, sizes, hashes, versions that loads moved. */
const neutralColumns = new RegExp(
  `^(${[
    ...[
      '\\w*Id',
      '\\w*ID',
      'id',
      'JobId',
      'BackendIds?',
      'Name_',
      'IP',
      '\\w*Port',
      'Host',
      'ServerName',
      'ClusterId',
      'Coordinator',
      'Label',
    ],
    ...[
      '\\w*Time',
      '\\w*_time',
      'VersionEpoch',
      'SchemaHash',
      'VisibleVersionHash',
      'VisibleVersion',
      'DataVersion',
      'NextVersion',
    ],
    ...[
      'Version',
      'LstSuccessVersion',
      'CompactVersion',
      'MinVersion',
      'ReplayedJournalId',
      'LastHeartbeat',
      'StartTime',
      'Join_',
    ],
    ...[
      'DataSize',
      'StorageSize',
      'RowCount',
      'Size',
      'rows',
      'Rows',
      'TableNum',
      'TabletNum',
      'Avg\\w*',
      'Data_length',
      'AvgCS',
      'P50CS',
      'MaxCS',
    ],
    ...[
      '\\w*Capacity',
      '\\w*Pct',
      'ErrMsg',
      'Status',
      'CpuCores',
      'MemLimit',
      'NumRunningQueries',
      'Location',
      'StatusCode',
      'DataCacheMetrics',
    ],
    ...[
      'PathHash',
      'RootPath',
      'MetaUrl',
      'CompactionStatus',
      'DiskRootPath',
      'HasStoragePath',
      'WarehouseName',
      'Range_',
      'VersionCount',
    ],
    ...[
      'task_name',
      'task_id',
      'creator',
      'last_\\w+',
      'query_rewrite_status',
      'extra_message',
      'SchemaVersion_',
      'TransactionId',
      'Number',
      'State_',
    ],
    ...[
      'CooldownTime',
      'StorageMedium_',
      'refresh_type_',
      'CONNECTION_ID\\(\\)',
      'USER\\(\\)',
      'TimeoutMs',
      'LoadJobSourceType',
      'ErrorReplicasCount',
    ],
  ].join('|')})$`,
)

export const isNeutral = (column: string): boolean => neutralColumns.test(column)

/** Texts that hold such things inside. */
export const neutralText = (statement: string, cell: string | null): string | null => {
  if (cell === null) return null
  if (/FUNCTIONS|CREATE CATALOG/.test(statement)) {
    // Numbers of functions, and the sums of jars that were really served.
    const own = /"fid":"-\d+"|"md5":"[0-9a-f]{32}"|(?<="checksum" {2}= {2}")[0-9a-f]{32}/g
    return cell.replace(own, '*')
  }
  // Schema version and hash of a change.
  let text = cell.replace(/^(\d+):\d+$/, '$1:HASH').replace(/^127\.0\.0\.1_\d+_\d+$/, 'FRONTEND')
  if (/\bdyn\b|r_dyn_on/.test(statement) || /PARTITION p20\d{6} VALUES/.test(text)) {
    text = text.replace(/p20\d{6}\b/g, 'pDAY').replace(/20\d\d-\d\d-\d\d/g, 'DAY')
  }
  text = text.replace(/^s3:\/\/\S+?\/db\d+\/\d+$/, 'PLACE').replace(/http:\/\/127\.0\.0\.1:\d+/g, 'URL')
  if (/PARTITION BY LIST/.test(text)) {
    // Lists are printed in the order of a hash map of ids.
    const block = /\(\n( {2}PARTITION [\s\S]*?)\n\)\nDISTRIBUTED/.exec(text)?.[1]
    if (block !== undefined)
      text = text.replace(block, () =>
        block
          .split(/,\n(?= {2}PARTITION )/)
          .sort()
          .join(',\n'),
      )
  }
  return text
}

/** Statements whose rows stand in the order of a hash map, or of the partitions' ids. */
export const isUnordered = (statement: string): boolean =>
  /^SHOW PROC '\/'|index_schema'|SHOW (TEMPORARY )?PARTITIONS|partitions'|MATERIALIZED VIEWS|DESC .* ALL$|SHOW DATA|SHOW PROC '\/dbs'|SHOW TABLET|STORAGE VOLUMES|SHOW USERS|SHOW ROLES|AUTHENTICATION|PROC '\/catalog'/i.test(
    statement,
  )
