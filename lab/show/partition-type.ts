import type { LabObject } from '../model.ts'

/** Column PartitionType of PROC '/dbs/<id>'. */
export const partitionType = (object: LabObject): string => {
  if (object.kind !== 'table') return 'UNPARTITIONED'
  const kinds = {
    none: 'UNPARTITIONED',
    range: object.partitioning.expression === undefined ? 'RANGE' : 'EXPR_RANGE_V2',
    'expression-range': 'EXPR_RANGE',
    list: 'LIST',
    'automatic-list': 'LIST',
  }
  return kinds[object.partitioning.kind]
}
