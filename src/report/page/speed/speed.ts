import type { Run } from '../../../harness/run-schema.js'
import { h } from '../dom.js'
import type { Section } from '../overview/tabs.js'
import { bench } from './bench.js'
import { kudos as kudosPanel } from './kudos.js'

/** What the run says of speed; undefined where it says nothing. */
export function speedSection({ speed, kudos }: Pick<Run, 'speed' | 'kudos'>): Section | undefined {
  if (speed === undefined && kudos === undefined) return undefined
  return {
    tab: 'speed',
    title: 'Speed',
    element: h('div', { class: 'panels' }, speed && bench(speed), kudos && kudosPanel(kudos)),
  }
}
