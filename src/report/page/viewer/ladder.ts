/** The gates a case went through, in their order: what each said, and what it measured against which limit. */
import type { GateResult } from '../../../harness/run-schema.js'
import { formatName, formatNumber } from '../../format.js'
import { isBeyond, isDistance } from '../../summary.js'
import { sign } from '../badge.js'
import { foreign, h } from '../dom.js'

/** What was said of the case already is not said again of the gate. */
export function ladder(gates: readonly GateResult[], said: string): HTMLElement {
  return h('ol', { class: 'ladder' }, ...gates.map(each => rung(each, said)))
}

/** A gate that stopped the case lies open, others on demand. */
function rung({ gate, verdict, reason, metrics }: GateResult, said: string): HTMLElement {
  // Where a block lies is part of the sentence; limits stand beside what they limit.
  const measured = Object.entries(metrics).filter(([name]) => !/^limit_|_[xy]$/.test(name))
  const line = [
    verdict === 'unmeasured' ? sign('unjudged', verdict) : sign(verdict),
    h('strong', {}, foreign(gate)),
    reason !== said && foreign(reason, { class: 'says' }),
  ]
  if (measured.length === 0) return h('li', { class: verdict }, h('p', { class: 'line' }, ...line))
  return h(
    'li',
    { class: verdict },
    h(
      'details',
      { open: verdict !== 'pass' && verdict !== 'unmeasured' },
      h('summary', { class: 'line' }, ...line),
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...['metric', 'measured', 'limit'].map(name => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, ...measured.map(([name, value]) => row(name, value, metrics[`limit_${name}`]))),
      ),
    ),
  )
}

function row(name: string, value: number, limit: number | undefined): HTMLElement {
  const beyond = isBeyond({ name, value, ...(limit === undefined ? {} : { limit }) })
  return h(
    'tr',
    { class: beyond ? 'beyond' : undefined },
    h('th', { scope: 'row' }, foreign(formatName(name))),
    h('td', {}, formatNumber(value), beyond && h('span', { class: 'hidden' }, ' (beyond)')),
    h('td', {}, limit === undefined ? '' : `${isDistance(name) ? '≤' : '≥'} ${formatNumber(limit)}`),
  )
}
