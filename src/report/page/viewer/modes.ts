/** What each way of looking draws: pure, from pictures to panes of layers. */

import type { Mode, Reference } from '../link.js'
import type { Bitmap } from '../pictures.js'
import type { Comparison, Role } from './comparison.js'

export interface Layer {
  bitmap: Bitmap
  /** @default 1 */
  opacity?: number
  /** Share of the width, from the left, that is drawn. @default 1 */
  until?: number
}

export interface Pane {
  label: string
  layers: readonly Layer[]
  /** Share of the width at which the slider stands. */
  divider?: number
  /** Instead of layers. */
  message?: string
}

export interface Look {
  mode: Mode
  reference: Reference
  position: number
  /** Which of the two blink shows. */
  flipped: boolean
}

export const MODE_NAMES: Record<Mode, string> = {
  side: 'Side by side',
  slider: 'Slider',
  blink: 'Blink',
  onion: 'Onion skin',
  difference: 'Difference',
  heat: 'Heat map',
}

const ROLE_NAMES: Record<Role, string> = { candidate: 'Candidate', golden: 'Golden', twin: 'Twin' }

export function panesOf(comparison: Comparison, { mode, reference, position, flipped }: Look): Pane[] {
  const { shown } = comparison
  const { candidate } = shown
  const other = shown[reference]
  if (mode === 'side') return sideBySide(comparison)
  if (candidate === undefined || other === undefined) {
    return [emptyPane(comparison, candidate === undefined ? 'candidate' : reference)]
  }
  const name = ROLE_NAMES[reference]
  switch (mode) {
    case 'slider':
      return [
        {
          label: `Candidate │ ${name}`,
          layers: [{ bitmap: other }, { bitmap: candidate, until: position }],
          divider: position,
        },
      ]
    case 'blink':
      return [{ label: flipped ? name : 'Candidate', layers: [{ bitmap: flipped ? other : candidate }] }]
    case 'onion':
      return [
        {
          label: `${name} under ${Math.round(position * 100)} % of the candidate`,
          layers: [{ bitmap: other }, { bitmap: candidate, opacity: position }],
        },
      ]
    case 'difference':
    case 'heat': {
      const contrast = comparison[mode](reference)
      return typeof contrast === 'string'
        ? [{ label: MODE_NAMES[mode], layers: [], message: contrast }]
        : [{ label: `${MODE_NAMES[mode]} to ${name.toLowerCase()}`, layers: [{ bitmap: contrast.bitmap }] }]
    }
  }
}

/** A golden is always given its place, so that its lack is seen; a twin only where the case names one. */
function sideBySide(comparison: Comparison): Pane[] {
  const { shown, problems } = comparison
  const roles: Role[] = ['candidate', 'golden']
  if (shown.twin !== undefined || problems.twin?.startsWith('its twin')) roles.push('twin')
  return roles.map(role => {
    const bitmap = shown[role]
    return bitmap === undefined ? emptyPane(comparison, role) : { label: ROLE_NAMES[role], layers: [{ bitmap }] }
  })
}

function emptyPane({ problems }: Comparison, role: Role): Pane {
  return { label: ROLE_NAMES[role], layers: [], message: problems[role] ?? 'there is no picture' }
}
