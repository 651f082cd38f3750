import { createServer, type Server, type Socket } from 'node:net'
import { listen } from '../workers/free-port.ts'
import { SnapshotManager } from './backup/index.ts'
import { LabFaults } from './faults/faults.ts'
import { frontendHttp } from './http/frontend-http.ts'
import { HttpServer } from './http/http-server.ts'
import { nodeHttp } from './http/node-http.ts'
import type { LabDatabase, LabFrontend, LabPartition, LabState, LabTable } from './model.ts'
import { ConnectionClosed, RequestRefused } from './replication/construct-job.ts'
import { ReplicationManager } from './replication/manager.ts'
import { type RegisteredCluster, registerCluster, unregisterCluster } from './replication/registry.ts'
import type { ReplicationRequest } from './replication/request.ts'
import { frontendMethods } from './thrift/frontend-service.ts'
import { ThriftServer } from './thrift/server.ts'

export interface LabServicesOptions {
  timeFactor?: number
  seed?: number
  /** Makes the automatic partition of a table for values, by StarRocks' rules and names, or finds it. */
  createPartition: (db: LabDatabase, table: LabTable, values: string[]) => LabPartition
  /** Called when a frontend's process ends, and when it runs again: its MySQL port goes and comes with it. */
  frontendDown?: (position: number) => Promise<void>
  frontendUp?: (position: number) => Promise<void>
}

interface Listener {
  close(): Promise<void>
}

/** Everything of a cluster that is not SQL: rpc, HTTP, nodes, replication, faults, and frontends that die and lead. */
export class LabServices {
  readonly faults: LabFaults
  readonly replication: ReplicationManager
  readonly snapshots: SnapshotManager
  private readonly state: LabState
  private readonly options: LabServicesOptions
  private readonly registration: RegisteredCluster
  private readonly frontends = new Map<number, Listener[]>()
  private readonly nodes: Listener[] = []
  private settings = new Map<string, string>()

  constructor(state: LabState, options: LabServicesOptions) {
    this.state = state
    this.options = options
    this.faults = new LabFaults(state, options.seed)
    this.replication = new ReplicationManager(state, options.timeFactor ?? 1)
    this.replication.hooks = this.faults.replication
    this.snapshots = new SnapshotManager(state, options.timeFactor ?? 1)
    this.snapshots.hooks = this.faults.snapshots
    this.registration = { state, unreachable: (node) => this.faults.isUnreachable(node) }
  }

  /** Opens the rpc and HTTP ports of all frontends and nodes, and writes the ports into the state. Port 0 is any free one. */
  async start(): Promise<void> {
    this.settings = new Map([...this.state.config].map(([key, { value }]) => [key, value]))
    for (let i = 0; i < this.state.frontends.length; i++) await this.openFrontend(i)
    for (const node of this.state.nodes) {
      const http = new HttpServer(
        nodeHttp(
          this.state,
          node,
          (path) => this.faults.isUnreachable(node) || this.faults.dropsRequest(path, 'before'),
        ),
      )
      node.httpPort = await http.listen(node.host, node.httpPort)
      const be = new ClosedDoor()
      node.bePort = await be.listen(node.host, node.bePort)
      this.nodes.push(http, be)
    }
    registerCluster(this.registration)
  }

  private async openFrontend(position: number): Promise<void> {
    const frontend = this.frontend(position)
    const http = new HttpServer(
      frontendHttp(this.state, frontend, { drops: (url, cut) => this.faults.dropsRequest(url, cut) }),
    )
    const rpc = new ThriftServer({
      methods: frontendMethods({
        state: this.state,
        startReplication: (request) => this.forward(frontend, request),
        createPartition: this.options.createPartition,
      }),
      beforeCall: (method) => this.faults.beforeCall(method),
      afterCall: (method) => this.faults.afterCall(method),
      closesConnection: (error) => error instanceof ConnectionClosed,
    })
    frontend.httpPort = await http.listen(frontend.host, frontend.httpPort)
    frontend.rpcPort = await rpc.listen(frontend.host, frontend.rpcPort)
    this.frontends.set(position, [http, rpc])
  }

  private frontend(position: number): LabFrontend {
    const frontend = this.state.frontends[position]
    if (!frontend) throw new Error(`Cluster ${this.state.name} has no frontend ${position}`)
    return frontend
  }

  /** A follower hands requests on to the leader. */
  private forward(frontend: LabFrontend, request: ReplicationRequest): void {
    const leader = frontend.role === 'LEADER' ? frontend : this.state.frontends.find((one) => one.role === 'LEADER')
    if (!leader?.alive) throw new RequestRefused('forward request to fe master failed')
    this.replication.start(request)
  }

  /** Ends a frontend's process: all its connections break. When it led, another living one takes over. */
  async killFrontend(position: number): Promise<void> {
    const frontend = this.frontend(position)
    frontend.alive = false
    if (frontend.role === 'LEADER') this.halt()
    await this.closeFrontend(position)
    const heir = this.state.frontends.find((one) => one.alive && one.role === 'FOLLOWER')
    if (frontend.role === 'LEADER' && heir) {
      frontend.role = 'FOLLOWER'
      heir.role = 'LEADER'
      this.takeOver(false)
    }
  }

  private halt(): void {
    this.replication.halt()
    this.snapshots.halt()
  }

  private takeOver(same: boolean): void {
    this.replication.takeOver()
    this.snapshots.takeOver(same)
  }

  private async closeFrontend(position: number): Promise<void> {
    const listeners = this.frontends.get(position) ?? []
    this.frontends.delete(position)
    await Promise.all([...listeners.map((one) => one.close()), this.options.frontendDown?.(position)])
  }

  /** Runs a killed frontend again on its old ports. The only one leads again, and has forgotten settings changed at run time. */
  async restartFrontend(position: number): Promise<void> {
    const frontend = this.frontend(position)
    if (this.frontends.has(position)) return
    // Printed in whole seconds, and no process starts in the second in which the former did.
    frontend.startedMs = Math.max(this.state.now(), frontend.startedMs + 1_000)
    if (frontend.role === 'LEADER') {
      for (const [key, value] of this.settings) {
        const setting = this.state.config.get(key)
        if (setting) setting.value = value
      }
      this.takeOver(true)
    }
    frontend.alive = true
    await this.openFrontend(position)
    await this.options.frontendUp?.(position)
  }

  /** Another frontend leads from now on; the former leader's process ends and starts again as a follower. */
  async switchLeader(position: number): Promise<void> {
    const heir = this.frontend(position)
    const former = this.state.frontends.findIndex((one) => one.role === 'LEADER')
    if (former === position) return
    this.halt()
    if (former >= 0) {
      this.frontend(former).role = 'FOLLOWER'
      await this.closeFrontend(former)
    }
    heir.role = 'LEADER'
    this.takeOver(false)
    if (former >= 0) await this.restartFrontend(former)
  }

  async stop(): Promise<void> {
    unregisterCluster(this.registration)
    this.replication.stop()
    this.snapshots.stop()
    const listeners = [...this.frontends.values()].flat()
    this.frontends.clear()
    await Promise.all([...listeners, ...this.nodes].map((one) => one.close()))
  }
}

/** A backend's thrift port: it can be reached, and that is all that anybody but a backend may see of it. */
class ClosedDoor implements Listener {
  private readonly sockets = new Set<Socket>()
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.sockets.delete(socket))
    socket.resume()
  })

  listen(host: string, port: number): Promise<number> {
    return listen(this.server, host, port)
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }
}
