/** What the page shows, as the part of its address behind the `#`: every view can be sent to somebody. */
import { OUTCOMES, type Outcome } from '../summary.js'

export const MODES = ['side', 'slider', 'blink', 'onion', 'difference', 'heat'] as const

export type Mode = (typeof MODES)[number]

export const SORTS = ['verdict', 'name', 'metric', 'time'] as const

export type Sort = (typeof SORTS)[number]

export const GROUPS = ['', 'verdict', 'feature', 'gate', 'cause'] as const

/** What the cases are gathered by; empty: by nothing. */
export type Grouping = (typeof GROUPS)[number]

export const TABS = ['cases', 'features', 'stability', 'speed'] as const

/** What is shown below the pillars. */
export type Tab = (typeof TABS)[number]

/** What a candidate is compared with. */
export type Reference = 'golden' | 'twin'

/** Part of the pictures that is looked at. */
export interface View {
  /** Screen pixels per picture pixel. */
  scale: number
  /** Picture coordinates at the centre of the pane. */
  x: number
  y: number
}

export interface PageState {
  tab: Tab
  query: string
  /** None means all. */
  outcomes: readonly Outcome[]
  feature: string
  /** The first gate that did not pass. */
  gate: string
  /** Fingerprint of a difference. */
  cause: string
  group: Grouping
  sort: Sort
  /** Id of the case in the viewer. */
  open?: string | undefined
  mode: Mode
  reference: Reference
  /** Index in the case's batch. */
  picture: number
  /** Undefined: the whole picture fits. */
  view?: View | undefined
  /** Of the slider's divider and of the onion skin's candidate, 0 to 1. */
  position: number
}

export const START: PageState = {
  tab: 'cases',
  query: '',
  outcomes: [],
  feature: '',
  gate: '',
  cause: '',
  group: '',
  sort: 'verdict',
  mode: 'side',
  reference: 'golden',
  picture: 0,
  position: 0.5,
}

/** All cases. */
export const NO_FILTER = { query: '', outcomes: [], feature: '', gate: '', cause: '' } satisfies Partial<PageState>

const RANGES = { scale: [0.01, 256], coordinate: [-1e5, 1e5], picture: [0, 9999], position: [0, 1] } as const

/** What cannot be understood is as if it were not there. */
export function parseLink(hash: string): PageState {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const open = given.get('case') ?? undefined
  const outcomes = (given.get('verdict') ?? '').split(',')
  const [scale, x, y] = (given.get('view') ?? '').split(',').map(Number)
  return {
    tab: oneOf(TABS, given.get('tab')) ?? START.tab,
    query: given.get('q') ?? START.query,
    outcomes: OUTCOMES.filter(outcome => outcomes.includes(outcome)),
    feature: given.get('feature') ?? START.feature,
    gate: given.get('gate') ?? START.gate,
    cause: given.get('cause') ?? START.cause,
    group: oneOf(GROUPS, given.get('group')) ?? START.group,
    sort: oneOf(SORTS, given.get('sort')) ?? START.sort,
    ...(open === undefined ? {} : { open }),
    mode: oneOf(MODES, given.get('mode')) ?? START.mode,
    reference: oneOf(['golden', 'twin'] as const, given.get('with')) ?? START.reference,
    picture: Math.trunc(within(RANGES.picture, given.get('picture')) ?? START.picture),
    ...viewOf(scale, x, y),
    position: within(RANGES.position, given.get('position')) ?? START.position,
  }
}

/** With its `#`; what is as at the start is left out. */
export function formatLink(state: PageState): string {
  const link = new URLSearchParams()
  const say = (name: string, value: string, usual: string) => {
    if (value !== usual) link.set(name, value)
  }
  say('tab', state.tab, START.tab)
  say('q', state.query, START.query)
  say('verdict', state.outcomes.join(','), '')
  say('feature', state.feature, START.feature)
  say('gate', state.gate, START.gate)
  say('cause', state.cause, START.cause)
  say('group', state.group, START.group)
  say('sort', state.sort, START.sort)
  if (state.open !== undefined) {
    link.set('case', state.open)
    say('mode', state.mode, START.mode)
    say('with', state.reference, START.reference)
    say('picture', String(state.picture), '0')
    const { view } = state
    if (view) link.set('view', [view.scale, view.x, view.y].map(value => Number(value.toFixed(2))).join(','))
    say('position', String(Number(state.position.toFixed(3))), String(START.position))
  }
  return `#${link.toString().replaceAll('%2C', ',').replaceAll('%2F', '/')}`
}

function viewOf(scale?: number, x?: number, y?: number): { view?: View } {
  const known = [inside(RANGES.scale, scale), inside(RANGES.coordinate, x), inside(RANGES.coordinate, y)] as const
  const [s, cx, cy] = known
  return s === undefined || cx === undefined || cy === undefined ? {} : { view: { scale: s, x: cx, y: cy } }
}

function within(range: readonly [number, number], text: string | null): number | undefined {
  return text === null || text.trim() === '' ? undefined : inside(range, Number(text))
}

function inside([low, high]: readonly [number, number], value: number | undefined): number | undefined {
  return value !== undefined && value >= low && value <= high ? value : undefined
}

function oneOf<T extends string>(names: readonly T[], text: string | null): T | undefined {
  return names.find(name => name === text)
}
