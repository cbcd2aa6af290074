import type { Run } from '../../../harness/run-schema.js'
import { formatBytes, formatDuration } from '../../format.js'
import { foreignGoldens, headline, OUTCOMES, plural, type RunSummary, withoutGolden } from '../../summary.js'
import { foreign, h } from '../dom.js'

/** Who made this run of what and where, what it comes to, and the three pillars. */
export function header(run: Run, summary: RunSummary): HTMLElement {
  const { tone, text } = headline(summary)
  const notice = foreignGoldens(summary, run)
  return h(
    'header',
    { class: 'overview' },
    h('h1', { class: tone }, text),
    h('p', { class: 'origin' }, ...origin(run)),
    ...(run.complete ? [] : [cutOff(run)]),
    ...(notice === undefined ? [] : [h('p', { class: 'notice' }, notice)]),
    h('div', { class: 'pillars' }, parity(summary), unmeasured('Stability'), unmeasured('Speed')),
    facts(run, summary),
  )
}

function origin(run: Run): (Node | string)[] {
  const made = new Date(run.createdAt)
  const time = Number.isNaN(made.getTime()) ? run.createdAt : made.toISOString().slice(0, 16).replace('T', ' ')
  return [
    foreign(run.id, { class: 'mono' }),
    ' · ',
    h('time', { datetime: run.createdAt }, `${time} UTC`),
    ' · ',
    foreign(run.backend),
    ' ',
    foreign(run.version),
    ...(run.commit === undefined
      ? []
      : [' at ', foreign(run.commit.slice(0, 12), { class: 'mono', title: run.commit })]),
    ` · ${formatDuration(run.wallMs)}`,
  ]
}

function cutOff({ pending }: Run): HTMLElement {
  return h(
    'details',
    { class: 'notice bad' },
    h('summary', {}, `This run was cut off: ${plural(pending.length, 'selected case')} never ran`),
    h('ul', {}, ...pending.map(id => h('li', {}, foreign(id, { class: 'mono' })))),
  )
}

function parity({ counts, judged, cases }: RunSummary): HTMLElement {
  const matched = counts.pass + counts.waived
  const shares = OUTCOMES.filter(outcome => counts[outcome] > 0)
  const bar = h(
    'div',
    { class: 'bar', role: 'img', 'aria-label': shares.map(outcome => `${counts[outcome]} ${outcome}`).join(', ') },
    ...shares.toReversed().map(outcome => {
      const part = h('span', { class: outcome })
      part.style.flexGrow = String(counts[outcome])
      return part
    }),
  )
  return h(
    'section',
    { class: 'pillar', 'aria-label': 'Parity' },
    h('h2', {}, 'Parity'),
    judged === 0
      ? h('p', { class: 'figure none' }, '–')
      : h('p', { class: 'figure' }, String(matched), h('small', {}, ` / ${judged}`)),
    h(
      'p',
      {},
      [
        judged === 0 ? 'nothing was compared with a golden' : 'cases match what was approved',
        ...(counts['no-golden'] > 0 && judged > 0 ? [withoutGolden(counts['no-golden'])] : []),
      ].join(', '),
    ),
    cases > 0 && bar,
  )
}

function unmeasured(name: string): HTMLElement {
  return h(
    'section',
    { class: 'pillar', 'aria-label': name },
    h('h2', {}, name),
    h('p', { class: 'figure none' }, '–'),
    h('p', {}, 'not measured in this run'),
  )
}

function facts(run: Run, { images, retries, cases }: RunSummary): HTMLElement {
  const { environment } = run
  const rows: [string, string][] = [
    ['cases', String(cases)],
    ['pictures', String(images)],
    ['retries', String(retries)],
    ['class', environment.class],
    ['device', environment.device],
    ['provider', environment.provider],
    ['ISA', environment.isa],
    ['dtype', environment.dtype],
    ['ONNX Runtime', environment.ort],
    ['Node', environment.node],
    ['platform', environment.platform],
    ['threads', String(environment.threads)],
    ['memory', formatBytes(environment.memoryBytes)],
    ['command', run.command],
    ...run.models.map(({ name, file, sha256 }): [string, string] => [
      `model ${name}`,
      `${file}, sha256 ${sha256.slice(0, 16)}…`,
    ]),
  ]
  return h(
    'details',
    { class: 'facts' },
    h(
      'summary',
      {},
      'Environment',
      h('span', { class: 'mono' }, foreign(environment.class)),
      foreign(environment.device),
    ),
    h('dl', {}, ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, foreign(value))))),
  )
}
