import type { Finding } from '../../../contract/index.ts'
import type { Check, SideContext } from '../context.ts'

/** Nodes that are down: of the source, whose tablets then have fewer copies to read from; of the target, which then has fewer to write to. */
export const checkNodes: Check = ({ source, target }) => [...ofSide(source, 'source'), ...ofSide(target, 'target')]

function ofSide({ side, nodes }: SideContext, role: 'source' | 'target'): Finding[] {
  const alive = nodes.filter((node) => node.alive && !node.decommissioned)
  if (alive.length === 0) {
    return [
      {
        code: `${role}-without-nodes`,
        level: 'fatal',
        subject: side.name,
        message: `${side.name} has no living ${side.runMode === 'shared_data' ? 'compute node or backend' : 'backend'}`,
        remedy: 'Start them, and look at SHOW BACKENDS and SHOW COMPUTE NODES for the reason',
      },
    ]
  }
  return nodes
    .filter((node) => !node.alive)
    .map((node) => ({
      code: `${role}-node-down`,
      level: 'warning' as const,
      subject: `${side.name} ${node.host}`,
      message: `Node ${node.host} of ${side.name} is down${node.error ? `: ${node.error}` : ''}`,
      remedy:
        role === 'source'
          ? 'Tablets whose only copies are there cannot be copied until it is back'
          : 'New tablets cannot be placed there; tables with more replicas than living nodes cannot be created',
    }))
}
