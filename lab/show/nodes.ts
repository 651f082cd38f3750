import type { LabNode } from '../model.ts'
import type { LabResult, LabSqlContext } from '../sql/context.ts'
import { byName, longSize, percent, timeText } from './format.ts'

/** SHOW FRONTENDS, and PROC '/frontends'. */
export const showFrontends = (context: LabSqlContext): LabResult =>
  byName(
    context,
    'frontends',
    context.state.frontends.map((fe) => ({
      Id: String(fe.id),
      Name: fe.name,
      IP: fe.host,
      EditLogPort: String(fe.editLogPort),
      HttpPort: String(fe.httpPort),
      QueryPort: String(fe.queryPort),
      RpcPort: String(fe.rpcPort),
      Role: fe.role,
      ClusterId: context.state.clusterId,
      Join: 'true',
      Alive: String(fe.alive),
      ReplayedJournalId: fe.alive ? '1000' : '0',
      LastHeartbeat: fe.alive ? timeText(context, context.state.now()) : null,
      IsHelper: 'true',
      ErrMsg: fe.alive ? '' : 'got exception',
      StartTime: fe.alive ? timeText(context, fe.startedMs) : null,
      Version: context.profile.versionText,
    })),
  )

const tabletCounts = (context: LabSqlContext): Map<bigint, number> => {
  const counts = new Map<bigint, number>()
  for (const database of context.state.databases.values()) {
    for (const object of database.objects.values()) {
      if (object.kind !== 'table') continue
      for (const partition of object.partitions)
        for (const physical of partition.physical)
          for (const tablets of physical.tablets.values())
            for (const tablet of tablets)
              for (const replica of tablet.replicas)
                counts.set(replica.backendId, (counts.get(replica.backendId) ?? 0) + 1)
    }
  }
  return counts
}

const common = (context: LabSqlContext, node: LabNode) => ({
  IP: node.host,
  HeartbeatPort: String(node.heartbeatPort),
  BePort: String(node.bePort),
  HttpPort: String(node.httpPort),
  BrpcPort: String(node.brpcPort),
  LastStartTime: timeText(context, node.startedMs),
  LastHeartbeat: timeText(context, context.state.now()),
  Alive: String(node.alive),
  SystemDecommissioned: 'false',
  ClusterDecommissioned: 'false',
  ErrMsg: node.alive ? '' : 'exec failed, reason: connection refused',
  Version: context.profile.versionText,
  CpuCores: '4',
  MemLimit: '8.000GB',
  NumRunningQueries: '0',
  MemUsedPct: '1.00 %',
  CpuUsedPct: '1.0 %',
  DataCacheMetrics: 'N/A',
  HasStoragePath: 'true',
  StatusCode: node.alive ? 'OK' : 'CONNECTING',
  StarletPort: String(node.brpcPort + 1),
  WorkerId: String(node.id),
  WarehouseName: 'default_warehouse',
})

/** SHOW BACKENDS, and PROC '/backends'; none in a shared-data cluster. */
export const showBackends = (context: LabSqlContext): LabResult => {
  const counts = context.state.runMode === 'shared_data' ? new Map<bigint, number>() : tabletCounts(context)
  const nodes = context.state.runMode === 'shared_data' ? [] : context.state.nodes
  return byName(
    context,
    'backends',
    nodes.map((node) => ({
      ...common(context, node),
      BackendId: String(node.id),
      TabletNum: String(counts.get(node.id) ?? 0),
      DataUsedCapacity: longSize(node.diskUsed),
      AvailCapacity: longSize(node.diskTotal - node.diskUsed),
      TotalCapacity: longSize(node.diskTotal),
      UsedPct: percent(node.diskUsed, node.diskTotal),
      MaxDiskUsedPct: percent(node.diskUsed, node.diskTotal),
      Status: `{"lastSuccessReportTabletsTime":"${timeText(context, context.state.now())}"}`,
      DataTotalCapacity: longSize(node.diskTotal),
      DataUsedPct: percent(node.diskUsed, node.diskTotal),
      Location: '',
    })),
  )
}

/** SHOW COMPUTE NODES, and PROC '/compute_nodes'. */
export const showComputeNodes = (context: LabSqlContext): LabResult =>
  byName(
    context,
    'compute-nodes',
    (context.state.runMode === 'shared_data' ? context.state.nodes : []).map((node) => ({
      ...common(context, node),
      ComputeNodeId: String(node.id),
      TabletNum: '0',
    })),
  )
