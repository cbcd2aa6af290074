import { formatBytes, formatDuration, oneLine } from '../../format.js'
import type { PageData } from '../../page-data.js'
import { expiredWaivers, foreignGoldens, headline, plural, type RunSummary } from '../../summary.js'
import { badge } from '../badge.js'
import { foreign, h } from '../dom.js'
import { pillars } from './pillars.js'

type Head = PageData['run']

/** Who made this run of what and where, what it comes to, and the three pillars. */
export function header(data: PageData): HTMLElement {
  const { run, summary } = data
  const { tone, text } = headline(summary)
  const notice = foreignGoldens(summary, run)
  return h(
    'header',
    { class: 'overview' },
    h('h1', { class: tone }, text),
    h('p', { class: 'origin' }, ...origin(run)),
    ...(run.stages ? [stages(run.stages)] : []),
    ...(run.complete ? [] : [cutOff(run)]),
    ...expiredWaivers(run).map(text => h('p', { class: 'notice' }, foreign(text))),
    ...(notice === undefined ? [] : [h('p', { class: 'remark' }, notice)]),
    pillars(data),
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

/** What `gate` did, one after the other. */
function stages(stages: NonNullable<Head['stages']>): HTMLElement {
  return h(
    'ol',
    { class: 'stages', 'aria-label': 'Stages of the gate' },
    ...stages.map(({ name, exitCode, says, ms }) =>
      h(
        'li',
        { title: oneLine(says) },
        badge(exitCode === 0 ? 'pass' : 'fail', oneLine(name)),
        h('span', { class: 'hidden' }, foreign(oneLine(says))),
        ` ${formatDuration(ms)}`,
      ),
    ),
  )
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
