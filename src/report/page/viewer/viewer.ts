import type { CaseResult } from '../../../harness/run-schema.js'
import { badge } from '../badge.js'
import { caseRecord } from '../case-record.js'
import { append, fill, foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { icon } from '../icons.js'
import type { PageState, Reference } from '../link.js'
import type { Store } from '../store.js'
import { onTheme } from '../theme.js'
import { caption, pixelText } from './caption.js'
import { type Block, type Comparison, loadComparison } from './comparison.js'
import { createControls } from './controls.js'
import { type Details, details } from './details.js'
import { panesOf } from './modes.js'
import { createStage } from './stage.js'
import { worstBlock } from './worst-block.js'

export interface ViewerInput {
  store: Store
  find(id: string): Entry | undefined
  /** The cases as the grid shows them: what previous and next go through. */
  shown(): readonly Entry[]
  onClose(id: string): void
  onHelp(): void
}

export interface Viewer {
  show(state: PageState, before: PageState | undefined): void
  /** By so many cases of those shown. */
  go(by: number): void
  close(): void
  zoom(factor: number): void
  pan(dx: number, dy: number): void
  fit(): void
  actualSize(): void
  worst(): void
  slide(by: number): void
  nextPicture(by: number): void
  otherReference(): void
  flip(): void
  togglePanel(): void
}

const BLINK_MS = 700

/** One case, large: its pictures in every mode, and everything known about it. */
export function createViewer({ store, find, shown, onClose, onHelp }: ViewerInput): Viewer {
  let comparison: Comparison | undefined
  let record: CaseResult | undefined
  let panel: Details | undefined
  let mark: Block | undefined
  let flipped = false
  let blinking: number | undefined
  let loading = 0
  let showing = 0
  /** Below the pictures; said again only when it changes, for those who listen. */
  let said = ''

  const title = h('h2', { id: 'viewer-title', tabindex: '-1', autofocus: true })
  const place = h('span', { class: 'muted' })
  const status = h('p', { role: 'status' })
  const pixel = h('p', { class: 'pixel mono', 'aria-hidden': 'true' })
  const body = h('div', { class: 'body' })

  const stage = createStage({
    onView: view => store.update({ view }),
    onDivider: position => store.update({ position }),
    onPixel: at => fill(pixel, comparison && at ? pixelText(comparison, at) : ''),
  })
  const viewer: Viewer = {
    show,
    go,
    close,
    zoom: stage.zoom,
    pan: stage.pan,
    fit,
    actualSize,
    worst,
    slide,
    nextPicture,
    otherReference,
    flip,
    togglePanel,
  }
  const controls = createControls({
    onMode: mode => store.update({ mode }),
    onReference: reference => store.update({ reference }),
    onPicture: picture => store.update({ picture }),
    onPosition: position => store.update({ position }),
    onZoom: stage.zoom,
    onFit: fit,
    onActual: actualSize,
    onWorst: worst,
  })
  const dialog = h(
    'dialog',
    { class: 'viewer', 'aria-labelledby': 'viewer-title', onclose: () => closed() },
    h(
      'header',
      {},
      h('button', { class: 'icon', 'aria-label': 'Previous case', onclick: () => go(-1) }, icon('previous')),
      h('button', { class: 'icon', 'aria-label': 'Next case', onclick: () => go(1) }, icon('next')),
      title,
      place,
      h('span', { class: 'space' }),
      h('button', { class: 'icon', 'aria-label': 'Show or hide the details', onclick: togglePanel }, icon('panel')),
      h('button', { class: 'icon', 'aria-label': 'Keyboard help', onclick: onHelp }, icon('help')),
      h('button', { class: 'icon', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close')),
    ),
    body,
  )
  const main = h(
    'div',
    { class: 'main' },
    controls.element,
    stage.element,
    h('footer', {}, status, controls.position, pixel),
  )
  let aside = h('aside', { class: 'details' })
  append(body, [main, aside])
  document.body.append(dialog)
  onTheme(() => {
    const entry = current()
    if (entry) void showDetails(entry)
  })

  function current(): Entry | undefined {
    const { open } = store.state
    return open === undefined ? undefined : find(open)
  }

  function twinOf(entry: Entry): Entry | undefined {
    return entry.twin === undefined ? undefined : find(entry.twin)
  }

  function show(state: PageState, before: PageState | undefined) {
    const entry = current()
    if (entry === undefined) {
      if (dialog.open) dialog.close()
      return
    }
    if (!dialog.open) dialog.showModal()
    if (state.open !== before?.open) {
      mark = undefined
      showTitle(entry)
      void showDetails(entry)
    }
    if (state.open !== before?.open || state.picture !== before?.picture) void load(entry, state.picture)
    if (state.mode !== before?.mode || state.open !== before?.open) restartBlinking(state)
    paint()
  }

  function showTitle(entry: Entry) {
    const cases = shown()
    const index = cases.indexOf(entry)
    fill(title, badge(entry.outcome), foreign(entry.id))
    fill(place, index === -1 ? 'outside the filter' : `${index + 1} of ${cases.length}`)
  }

  async function showDetails(entry: Entry) {
    const ticket = ++showing
    const sameCase = record?.id === entry.id
    if (!sameCase) record = undefined
    const twin = twinOf(entry)
    const [own, other] = await Promise.allSettled([
      caseRecord(entry.number),
      twin === undefined ? undefined : caseRecord(twin.number),
    ])
    // Somebody may have gone on to another case meanwhile.
    if (ticket !== showing) return
    panel?.destroy()
    panel = undefined
    if (own.status === 'rejected') {
      showAside(h('aside', { class: 'details' }, h('p', {}, String(own.reason))))
      return
    }
    record = own.value
    panel = details({
      entry,
      record,
      twin: other.status === 'fulfilled' ? other.value : undefined,
      onCase: id => store.update({ open: id, picture: 0, view: undefined }, { step: true }),
    })
    showAside(panel.element)
  }

  function showAside(next: HTMLElement) {
    aside.replaceWith(next)
    aside = next
  }

  async function load(entry: Entry, index: number) {
    const ticket = ++loading
    comparison = undefined
    const loaded = await loadComparison(entry, twinOf(entry), index)
    // Somebody may have gone on to another case meanwhile.
    if (ticket !== loading) return
    comparison = loaded
    paint()
  }

  function reference(): Reference {
    const { reference } = store.state
    const other = reference === 'golden' ? 'twin' : 'golden'
    return comparison?.shown[reference] === undefined && comparison?.shown[other] !== undefined ? other : reference
  }

  function paint() {
    const { state } = store
    const entry = current()
    if (comparison === undefined || entry === undefined) return
    const look = { mode: state.mode, reference: reference(), position: state.position, flipped }
    stage.show({ panes: panesOf(comparison, look), view: state.view, mark })
    controls.show(
      { ...state, reference: look.reference },
      {
        pictures: entry.candidate.length,
        golden: comparison.shown.golden !== undefined,
        twin: comparison.shown.twin !== undefined,
        scale: comparison.shown.candidate && stage.scale(),
      },
    )
    const says = caption(comparison, look)
    if (says.text !== said) fill(status, says.text, says.legend)
    said = says.text
  }

  function restartBlinking({ mode }: PageState) {
    clearInterval(blinking)
    flipped = false
    // Who asked for less motion flips by hand.
    if (mode !== 'blink' || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    blinking = setInterval(() => {
      flipped = !flipped
      paint()
    }, BLINK_MS)
  }

  function closed() {
    clearInterval(blinking)
    const { open } = store.state
    if (open === undefined) return
    store.update({ open: undefined, view: undefined, picture: 0 }, { step: true })
    onClose(open)
  }

  function close() {
    dialog.close()
  }

  function go(by: number) {
    const cases = shown()
    const index = cases.findIndex(({ id }) => id === store.state.open)
    const next = cases[index === -1 ? 0 : (index + by + cases.length) % cases.length]
    if (next) store.update({ open: next.id, picture: 0, view: undefined })
  }

  function fit() {
    mark = undefined
    store.update({ view: undefined })
  }

  function actualSize() {
    stage.zoom(1 / stage.scale())
  }

  function worst() {
    if (comparison === undefined) return
    const block = worstBlock(comparison, { record, reference: reference(), picture: store.state.picture })
    if (typeof block === 'string') {
      fill(status, block)
      said = block
      return
    }
    mark = block
    stage.lookAt(block)
  }

  function slide(by: number) {
    store.update({ position: Math.min(1, Math.max(0, store.state.position + by)) })
  }

  function nextPicture(by: number) {
    const count = current()?.candidate.length ?? 0
    if (count > 1) store.update({ picture: (store.state.picture + by + count) % count })
  }

  function otherReference() {
    store.update({ reference: reference() === 'golden' ? 'twin' : 'golden' })
  }

  function flip() {
    clearInterval(blinking)
    flipped = !flipped
    paint()
  }

  function togglePanel() {
    body.classList.toggle('wide')
  }

  return viewer
}
