import type { CaseResult, CaseVerdict } from '../../../harness/run-schema.js'
import { formatNumber } from '../../format.js'
import { type Child, foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { formatLink, START } from '../link.js'
import { escapeUnseen } from '../marks.js'
import { growthChart } from './growth.js'
import { layOut } from './json-text.js'
import { ladder } from './ladder.js'
import { longText } from './long-text.js'
import { planTable } from './plans.js'
import { timings } from './timings.js'

export interface Details {
  element: HTMLElement
  destroy(): void
}

export interface DetailsInput {
  entry: Entry
  record: CaseResult
  /** Of the case's twin, where the run has it. */
  twin: CaseResult | undefined
  onCase(id: string): void
}

/** Everything that is known of a case beside its pictures. */
export function details({ entry, record, twin, onCase }: DetailsInput): Details {
  const { fixture, verdict, notes, faults, plan } = record
  const time = timings(record)
  const growth = verdict?.growth && verdict.growth.length > 0 ? growthChart(verdict.growth) : undefined
  const approved = verdict?.golden?.plan
  const element = h(
    'aside',
    { class: 'details', 'aria-label': 'Details of the case', tabindex: '0' },
    h(
      'header',
      {},
      fixture.title !== undefined && h('p', { class: 'title' }, foreign(fixture.title)),
      h('p', { class: `says ${entry.outcome}` }, foreign(entry.reason)),
      fixture.features.length > 0 &&
        h('p', { class: 'tags' }, ...fixture.features.map(feature => foreign(feature, { class: 'tag' }))),
    ),
    ...faults.map(({ code, message, hint }) =>
      h(
        'div',
        { class: 'trouble', role: 'note' },
        h('strong', {}, foreign(code)),
        h('p', {}, foreign(message)),
        hint !== undefined && h('p', { class: 'muted' }, foreign(hint)),
      ),
    ),
    approved !== undefined &&
      section('Plan: what changed', planTable(approved, plan, { was: 'approved', is: 'this run' })),
    verdict !== undefined && verdict.gates.length > 0 && section('Gates', ladder(verdict.gates, entry.reason)),
    ...(verdict === undefined ? [] : circumstances(verdict)),
    growth && section('Distance to the golden', growth.element),
    entry.prompt !== '' && section('Prompt', longText(entry.prompt)),
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
    fixture.twin !== undefined && section('Twin', ...twinOf(fixture.twin, { plan, twin, onCase })),
    section('Time', time.element),
    folded('Payload', code(layOut(fixture.payload))),
    plan !== undefined && folded('Plan', code(layOut(JSON.stringify(plan)))),
    folded('Record', facts(record)),
  )
  return {
    element,
    destroy() {
      time.destroy()
      growth?.destroy()
    },
  }
}

/** What else the verdict rests on. */
function circumstances({ golden, waiver, redrawn, difference }: CaseVerdict): HTMLElement[] {
  const variants = golden?.variants ?? 1
  const which = variants > 1 && golden?.variant !== undefined ? `, variant ${golden.variant + 1} of ${variants}` : ''
  const lines: (Child[] | undefined)[] = [
    golden && [
      'Golden of ',
      foreign(golden.class, { class: 'mono' }),
      `${which}, approved by `,
      foreign(golden.approvedBy),
    ],
    waiver && ['Waived by ', foreign(waiver.owner), ' until ', foreign(waiver.expires), ': ', foreign(waiver.reason)],
    redrawn && ['Drawn once more: ', foreign(redrawn.says)],
    difference && [
      'Cause ',
      h('a', { href: causeLink(difference.fingerprint), class: 'mono' }, foreign(difference.fingerprint)),
      ': ',
      foreign(difference.says),
    ],
  ]
  return lines.filter(line => line !== undefined).map(line => h('p', { class: 'circumstance' }, ...line))
}

/** All cases that left their goldens in the same way. */
function causeLink(cause: string): string {
  return formatLink({ ...START, cause })
}

/** The same payload with the feature off, and what the feature changed in the plan. */
function twinOf(
  id: string,
  { plan, twin, onCase }: { plan: unknown; twin: CaseResult | undefined; onCase(id: string): void },
): Child[] {
  if (twin === undefined) return [h('p', {}, foreign(id, { class: 'mono' }), ' is not in this run')]
  return [
    h('p', {}, h('button', { class: 'link mono', onclick: () => onCase(id) }, foreign(id)), ' is drawn without it'),
    plan !== undefined &&
      twin.plan !== undefined &&
      folded('What it changes in the plan', planTable(twin.plan, plan, { was: 'twin', is: 'this case' })),
  ]
}

function facts({ fixture, planSha256, fingerprints, images, retries }: CaseResult): HTMLElement {
  const rows: (readonly [string, string])[] = [
    ['version of the fixture', String(fixture.version)],
    ['output', fixture.output],
    ...(fixture.source === undefined ? [] : [['source', fixture.source] as const]),
    ['retries', formatNumber(retries)],
    ['payload', fixture.payloadSha256],
    ...(planSha256 === undefined ? [] : [['plan', planSha256] as const]),
    ...images.map(
      ({ width, height, channels, sha256 }, index) =>
        [`picture ${index + 1}, ${width}×${height}×${channels}`, sha256] as const,
    ),
    ...Object.entries(fingerprints),
  ]
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
  return h('pre', { dir: 'ltr', tabindex: '0' }, escapeUnseen(text))
}
