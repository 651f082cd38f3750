import type { LabView } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import { commentText } from './create-table-text.ts'

/** The text of SHOW CREATE VIEW. */
export const viewText = (profile: LabProfile, view: LabView): string => {
  const columns = view.columns.map(
    (c) => `\`${c.name}\`${c.comment === '' ? '' : ` COMMENT "${commentText(c.comment)}"`}`,
  )
  const comment = view.comment === '' ? ' ' : `\nCOMMENT "${commentText(view.comment)}" `
  const security = profile.atLeast('3.5') ? `SECURITY ${view.security} ` : ''
  return `CREATE VIEW \`${view.name}\` (${columns.join(', ')})${comment}${security}AS ${view.definition};`
}
