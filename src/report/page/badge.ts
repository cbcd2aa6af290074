import type { Outcome } from '../summary.js'
import { h } from './dom.js'

/** A verdict is told by sign and word; its colour only repeats it. */
const SIGNS: Record<Outcome, string> = {
  fail: '✕',
  error: '!',
  drift: '≈',
  'no-golden': '?',
  unjudged: '·',
  waived: '⚑',
  pass: '✓',
}

export function badge(outcome: Outcome, text: string = outcome): HTMLElement {
  return h(
    'span',
    { class: `badge ${outcome}` },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[outcome]),
    text,
  )
}

/** The sign alone, where the word would only repeat itself from case to case. */
export function sign(outcome: Outcome, text: string = outcome): HTMLElement {
  return h(
    'span',
    { class: `lone ${outcome}`, title: text },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[outcome]),
    h('span', { class: 'hidden' }, text),
  )
}
