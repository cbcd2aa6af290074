import type { Run } from '../../../harness/run-schema.js'
import { formatBytes, formatDuration } from '../../format.js'
import { foreignGoldens, headline, plural, type RunSummary } from '../../summary.js'
import { foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { pillars } from './pillars.js'

type Head = Omit<Run, 'cases'>

/** Who made this run of what and where, what it comes to, and the three pillars. */
export function header(run: Head, summary: RunSummary, entries: readonly Entry[]): HTMLElement {
  const { tone, text } = headline(summary)
  const notice = foreignGoldens(summary, run)
  return h(
    'header',
    { class: 'overview' },
    h('h1', { class: tone }, text),
    h('p', { class: 'origin' }, ...origin(run)),
    ...(run.complete ? [] : [cutOff(run)]),
    ...(notice === undefined ? [] : [h('p', { class: 'remark' }, notice)]),
    pillars(run, summary, entries),
    facts(run, summary),
  )
}

function origin(run: Head): Node[] {
  const made = new Date(run.createdAt)
  const time = Number.isNaN(made.getTime()) ? run.createdAt : made.toISOString().slice(0, 16).replace('T', ' ')
  return [
    h('span', {}, foreign(run.backend), ' ', foreign(run.version)),
    ...(run.commit === undefined
      ? []
      : [h('span', {}, foreign(run.commit.slice(0, 12), { class: 'mono', title: run.commit }))]),
    h('span', {}, h('time', { datetime: run.createdAt }, `${time} UTC`)),
    h('span', {}, formatDuration(run.wallMs)),
    h('span', {}, 'run ', foreign(run.id, { class: 'mono' })),
  ]
}

function cutOff({ pending }: Head): HTMLElement {
  return h(
    'details',
    { class: 'notice' },
    h('summary', {}, `This run was cut off: ${plural(pending.length, 'selected case')} never ran`),
    h('ul', {}, ...pending.map(id => h('li', {}, foreign(id, { class: 'mono' })))),
  )
}

function facts(run: Head, { images, retries, cases }: RunSummary): HTMLElement {
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
