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
export function select(entries: readonly Entry[], { query, outcomes, feature, gate, sort }: PageState): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return entries
    .filter(
      entry =>
        (outcomes.length === 0 || outcomes.includes(entry.outcome)) &&
        (feature === '' || entry.features.includes(feature)) &&
        (gate === '' || entry.gate === gate) &&
        words.every(word => entry.text.includes(word)),
    )
    .sort(ORDERS[sort])
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
  }
}
