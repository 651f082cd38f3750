import { livingBackends, pairTablets, replicaSources } from '../activities/replicate/pair-tablets.ts'
import {
  addressMapOf,
  encodeCall,
  type PartitionReplication,
  readTabletIds,
  readTabletSources,
  resultSet,
  writeTableReplicationRequest,
} from '../starrocks/index.ts'
import { atMost, type Figure } from './figure.ts'
import { peakResidentMiB } from './memory.ts'

const COLUMNS = [
  ...['TabletId', 'ReplicaId', 'BackendId', 'SchemaHash', 'Version', 'VersionHash', 'LstSuccessVersion'],
  ...['LstSuccessVersionHash', 'LstFailedVersion', 'LstFailedVersionHash', 'LstFailedTime', 'DataSize', 'RowCount'],
  ...['State', 'LstConsistencyCheckTime', 'CheckVersion', 'CheckVersionHash', 'VersionCount', 'PathHash', 'MetaUrl'],
]
const VERSION = 1234n
const PARTITIONS = 100
const BACKENDS = 30

/** Builds the request of one huge table from what both frontends list of its tablets, and encodes it. */
export async function run(scale: number): Promise<Figure[]> {
  const tablets = Math.max(1, Math.round((100_000 * scale) / PARTITIONS))
  const backends = livingBackends(
    Array.from({ length: BACKENDS }, (_, i) => backend(i)),
    addressMapOf({}),
  )
  let ms = 0
  const timed = <T>(act: () => T): T => {
    const started = performance.now()
    const result = act()
    ms += performance.now() - started
    return result
  }
  const partitions: PartitionReplication[] = []
  for (let i = 0; i < PARTITIONS; i++) {
    // The frontend's answers come over a socket: making them up is not measured, reading them is.
    const [source, target] = [1n, 2n].map((side) => listing(side * 10n ** 12n + BigInt(i) * 10n ** 8n, tablets))
    const mapped = timed(() =>
      pairTablets(readTabletSources(source ?? []), readTabletIds(target ?? []), (tablet) =>
        replicaSources(tablet, VERSION, backends),
      ),
    )
    partitions.push({
      partitionId: BigInt(i + 1),
      sourceVersion: VERSION,
      sourceVersionEpoch: 390_000_000_000_000_000n,
      sourcePartitionId: BigInt(i + 1001),
      indexes: [{ indexId: 77n, sourceSchemaHash: -123_456_789, tablets: mapped }],
    })
  }
  const bytes = timed(() =>
    encodeCall('startTableReplication', (writer) =>
      writeTableReplicationRequest(writer, {
        username: 'root',
        password: 'secret',
        databaseId: 10_001n,
        tableId: 10_002n,
        sourceToken: '57ef3a2f-8c5b-4a2a-9f2e-2c2b53e4d7d1',
        sourceTableDataSize: 1n << 40n,
        partitions,
        jobId: 'bench',
      }),
    ),
  )
  const size = `${tablets * PARTITIONS} tablets x 3 replicas in ${PARTITIONS} partitions, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`
  return [
    atMost('request-building', ms / 1000, 2, 's', `${size}; listings read, mapped, encoded`),
    atMost('request-building memory', peakResidentMiB(), 300, 'MiB', `${size}; the whole process`),
  ]
}

const backend = (i: number) => ({
  id: BigInt(i),
  host: `backend-${i}.source.example.com`,
  bePort: 9060,
  httpPort: 8040,
  alive: true,
})

/** What SHOW PROC lists of one index: a row a replica, tablets in no order. */
function listing(firstId: bigint, tablets: number) {
  const cells: (string | null)[][] = []
  for (let replica = 0; replica < 3; replica++) {
    for (let tablet = tablets - 1; tablet >= 0; tablet--) {
      const id = firstId + BigInt(tablet * 4)
      cells.push([
        ...[String(id), String(id + 1n + BigInt(replica)), String((tablet + replica * 7) % BACKENDS), '-123456789'],
        ...[String(VERSION), '0', String(VERSION), '0', '-1', '0', null, '1.5GB', '123456', 'NORMAL', null, '-1', '-1'],
        ...['3', '4611686018427387904', 'http://192.0.2.1:8040/api/meta/header/1'],
      ])
    }
  }
  return resultSet(COLUMNS, cells).rows
}
