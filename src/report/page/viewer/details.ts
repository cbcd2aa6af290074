import type { GateResult } from '../../../harness/run-schema.js'
import { formatName, formatNumber } from '../../format.js'
import { isBeyond, isDistance } from '../../summary.js'
import { badge } from '../badge.js'
import { type Child, foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { layOut } from './json-text.js'
import { timings } from './timings.js'

export interface Details {
  element: HTMLElement
  destroy(): void
}

/** Everything that is known of a case beside its pictures. */
export function details(entry: Entry, onCase: (id: string) => void): Details {
  const { result } = entry
  const { fixture, verdict, notes, faults } = result
  const time = timings(result)
  const element = h(
    'aside',
    { class: 'details', 'aria-label': 'Details of the case', tabindex: '0' },
    fixture.title !== undefined && h('p', { class: 'title' }, foreign(fixture.title)),
    h('p', { class: `says ${entry.outcome}` }, foreign(entry.reason)),
    h('p', { class: 'tags' }, ...fixture.features.map(feature => foreign(feature, { class: 'tag' }))),
    ...faults.map(({ code, message, hint }) =>
      h(
        'div',
        { class: 'fault', role: 'note' },
        h('strong', {}, foreign(code)),
        h('p', {}, foreign(message)),
        hint !== undefined && h('p', { class: 'muted' }, foreign(hint)),
      ),
    ),
    verdict !== undefined &&
      verdict.gates.length > 0 &&
      section('Gates', ...verdict.gates.map(each => gate(each, entry.reason))),
    verdict?.golden !== undefined &&
      facts([
        ['golden of', verdict.golden.class],
        ['approved by', verdict.golden.approvedBy],
      ]),
    entry.prompt !== '' && section('Prompt', h('p', { class: 'prompt', dir: 'auto' }, entry.prompt)),
    notes.length > 0 &&
      section(
        'Changed on the way',
        h(
          'ul',
          { class: 'notes' },
          ...notes.map(({ field, message, quirk }) =>
            h(
              'li',
              {},
              foreign(field, { class: 'mono' }),
              ' ',
              foreign(message),
              quirk !== undefined && foreign(`quirk ${quirk}`, { class: 'tag' }),
            ),
          ),
        ),
      ),
    section('Time', time.element),
    folded('Payload', code(layOut(fixture.payload))),
    result.plan !== undefined && folded('Plan', code(layOut(JSON.stringify(result.plan)))),
    folded('Record', record(entry, onCase)),
  )
  return { element, destroy: time.destroy }
}

/** What was said of the case already is not said again of the gate; where a block lies is part of that. */
function gate({ gate, verdict, reason, metrics }: GateResult, said: string): HTMLElement {
  const measured = Object.entries(metrics).filter(([name]) => !/^limit_|_[xy]$/.test(name))
  return h(
    'div',
    { class: 'gate' },
    h('p', {}, badge(verdict === 'unmeasured' ? 'unjudged' : verdict, gate), ' ', reason !== said && foreign(reason)),
    measured.length > 0 &&
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...['metric', 'value', 'limit'].map(name => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, ...measured.map(([name, value]) => metricRow(name, value, metrics[`limit_${name}`]))),
      ),
  )
}

function metricRow(name: string, value: number, limit: number | undefined): HTMLElement {
  const beyond = isBeyond({ name, value, ...(limit === undefined ? {} : { limit }) })
  return h(
    'tr',
    { class: beyond ? 'beyond' : undefined },
    h('th', { scope: 'row' }, formatName(name)),
    h('td', {}, formatNumber(value), beyond && h('span', { class: 'hidden' }, ' (beyond)')),
    h('td', {}, limit === undefined ? '' : `${isDistance(name) ? '≤' : '≥'} ${formatNumber(limit)}`),
  )
}

function record({ result }: Entry, onCase: (id: string) => void): HTMLElement {
  const { fixture, planSha256, fingerprints, images, retries } = result
  const { twin } = fixture
  return h(
    'div',
    {},
    facts([
      ['version of the fixture', String(fixture.version)],
      ['output', fixture.output],
      ...(fixture.source === undefined ? [] : [['source', fixture.source] as const]),
      ['retries', String(retries)],
      ['payload', fixture.payloadSha256],
      ...(planSha256 === undefined ? [] : [['plan', planSha256] as const]),
      ...images.map(
        ({ width, height, channels, sha256 }, index) =>
          [`picture ${index + 1}, ${width}×${height}×${channels}`, sha256] as const,
      ),
      ...Object.entries(fingerprints),
    ]),
    twin !== undefined &&
      h('p', {}, 'Twin: ', h('button', { class: 'link mono', onclick: () => onCase(twin) }, foreign(twin))),
  )
}

function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    'dl',
    { class: 'record' },
    ...rows.flatMap(([name, value]) => [h('dt', {}, foreign(name)), h('dd', {}, foreign(value))]),
  )
}

function section(title: string, ...children: readonly Child[]): HTMLElement {
  return h('section', {}, h('h3', {}, title), ...children)
}

function folded(title: string, ...children: readonly Child[]): HTMLElement {
  return h('details', {}, h('summary', {}, title), ...children)
}

/** Text in its own order of characters: a right-to-left mark in a prompt must not rearrange the JSON around it. */
function code(text: string): HTMLElement {
  return h('pre', { dir: 'ltr', tabindex: '0' }, text)
}
