import { LabCluster, type LabClusterOptions } from './cluster.ts'
import { aliasNode, setConnected } from './replication/registry.ts'
import type { BackendAddress } from './replication/request.ts'

/**
 * Several lab clusters that can copy from one another. Nodes of all clusters of this process find each other by address;
 * `connect` and `disconnect` say otherwise for a pair.
 */
export class Lab {
  readonly clusters = new Map<string, LabCluster>()

  /** Starts clusters side by side; none is left running when one fails. */
  static async start(...options: LabClusterOptions[]): Promise<Lab> {
    const lab = new Lab()
    const started = await Promise.allSettled(options.map((one) => lab.add(one)))
    const failed = started.find((one) => one.status === 'rejected')
    if (!failed) return lab
    await lab.stop()
    throw failed.reason
  }

  async add(options: LabClusterOptions): Promise<LabCluster> {
    if (this.clusters.has(options.name)) throw new Error(`The lab has a cluster ${options.name} already`)
    const cluster = await LabCluster.start(options)
    this.clusters.set(options.name, cluster)
    return cluster
  }

  /** @throws when there is no cluster of that name */
  get(name: string): LabCluster {
    const cluster = this.clusters.get(name)
    if (!cluster) throw new Error(`The lab has no cluster ${name}`)
    return cluster
  }

  /**
   * Lets the target's nodes reach the source's, optionally under other addresses as well, as through NAT.
   * @param mapped the address of a node of the source as the target's nodes know it
   */
  connect(source: string, target: string, mapped?: (address: BackendAddress) => BackendAddress): void {
    const from = this.get(source).state
    setConnected(from, this.get(target).state, true)
    if (mapped) for (const node of from.nodes) aliasNode(mapped(node), node)
  }

  /** The target's nodes no longer reach the source's. */
  disconnect(source: string, target: string): void {
    setConnected(this.get(source).state, this.get(target).state, false)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.clusters.values()].map((one) => one.stop()))
    this.clusters.clear()
  }
}
