import type { LabColumn } from '../model.ts'

/** Keys that were not given: the leading columns that fit a short key, up to the first text. */
export const chooseKeys = (columns: LabColumn[]): void => {
  let bytes = 0
  for (const [i, column] of columns.entries()) {
    if (i === 3 || bytes >= 36 || /^(float|double|json|array|map|struct|hll|bitmap|percentile)/.test(column.type)) break
    column.key = true
    bytes += /^(varchar|char)/.test(column.type) ? 20 : 8
    if (column.type.startsWith('varchar')) break
  }
}
