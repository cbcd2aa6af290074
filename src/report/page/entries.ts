/** The cases of the run as the grid and the viewer need them. */

import { byName, leastAlikeFirst, slowestFirst, worstFirst } from '../page-case.js'
import type { PageCase, PageData } from '../page-data.js'
import type { PageState, Sort } from './link.js'

export interface Entry extends PageCase {
  /** Of the case in the run. */
  number: number
  /** What a search looks through. */
  text: string
}

export function entriesOf({ cases }: Pick<PageData, 'cases'>): Entry[] {
  return cases.map((each, number) => {
    const { id, title = '', source = '', prompt, reason, features } = each
    return { ...each, number, text: [id, title, source, prompt, reason, ...features].join('\n').toLowerCase() }
  })
}

const ORDERS: Record<Sort, (a: Entry, b: Entry) => number> = {
  verdict: worstFirst,
  name: byName,
  metric: leastAlikeFirst,
  time: slowestFirst,
}

/** Those that a state lets through, in its order. */
export function select(entries: readonly Entry[], { query, outcomes, feature, gate, cause, sort }: PageState): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return entries
    .filter(
      entry =>
        (outcomes.length === 0 || outcomes.includes(entry.outcome)) &&
        (feature === '' || hasFeature(entry, feature)) &&
        (gate === '' || entry.gate === gate) &&
        (cause === '' || entry.cause?.fingerprint === cause) &&
        words.every(word => entry.text.includes(word)),
    )
    .sort(ORDERS[sort])
}

/** `control` is had by `control:canny`; of a pair, `a + b`, both (`harness/coverage/space.ts`). */
function hasFeature({ features }: Entry, wanted: string): boolean {
  return wanted.split(' + ').every(part => features.some(feature => feature === part || feature.startsWith(`${part}:`)))
}

export interface Group {
  /** Undefined where nothing was grouped. */
  name?: string
  entries: readonly Entry[]
}

/** In the order in which their first cases come; a case with several features stands in the group of each. */
export function groupBy(entries: readonly Entry[], by: PageState['group']): Group[] {
  if (by === '') return [{ entries }]
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    for (const name of namesOf(entry, by)) {
      const group = groups.get(name) ?? []
      groups.set(name, group)
      group.push(entry)
    }
  }
  return [...groups].map(([name, entries]) => ({ name, entries }))
}

function namesOf(entry: Entry, by: Exclude<PageState['group'], ''>): readonly string[] {
  switch (by) {
    case 'verdict':
      return [entry.outcome]
    case 'feature':
      return entry.features.length > 0 ? entry.features : ['no feature named']
    case 'gate':
      return [entry.gate === undefined ? 'no gate stopped it' : `stopped by ${entry.gate}`]
    case 'cause':
      return [entry.cause === undefined ? 'no cause named' : `${entry.cause.says} (${entry.cause.fingerprint})`]
  }
}
