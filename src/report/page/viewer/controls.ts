import { h } from '../dom.js'
import { MODES, type Mode, type PageState, type Reference } from '../link.js'
import { MODE_NAMES } from './modes.js'

export interface ControlEvents {
  onMode(mode: Mode): void
  onReference(reference: Reference): void
  onPicture(index: number): void
  onPosition(position: number): void
  onZoom(factor: number): void
  onFit(): void
  onActual(): void
  onWorst(): void
}

export interface Available {
  /** Pictures in the case's batch. */
  pictures: number
  golden: boolean
  twin: boolean
  /** Undefined where nothing is shown. */
  scale: number | undefined
}

export interface Controls {
  element: HTMLElement
  /** Of the slider and the onion skin; stands below the pictures. */
  position: HTMLElement
  show(state: PageState, available: Available): void
}

/** The bar above the pictures: how they are looked at, which ones, and how closely. */
export function createControls(events: ControlEvents): Controls {
  const modes = MODES.map((mode, index) =>
    h(
      'button',
      { 'aria-pressed': 'false', 'aria-keyshortcuts': String(index + 1), onclick: () => events.onMode(mode) },
      MODE_NAMES[mode],
    ),
  )
  const reference = h(
    'select',
    {
      'aria-label': 'Compared with',
      onchange: () => events.onReference(reference.value === 'twin' ? 'twin' : 'golden'),
    },
    h('option', { value: 'golden' }, 'with golden'),
    h('option', { value: 'twin' }, 'with twin'),
  )
  const picture = h('select', { 'aria-label': 'Picture', onchange: () => events.onPicture(picture.selectedIndex) })
  const position = h('input', {
    type: 'range',
    min: '0',
    max: '1',
    step: '0.01',
    'aria-label': 'Position',
    oninput: () => events.onPosition(Number(position.value)),
  })
  const scale = h('span', { class: 'scale' })
  const element = h(
    'div',
    { class: 'controls', role: 'toolbar', 'aria-label': 'Comparison' },
    h('div', { class: 'segments', role: 'group', 'aria-label': 'Mode' }, ...modes),
    reference,
    picture,
    h('span', { class: 'space' }),
    h('button', { onclick: events.onWorst, title: 'Go to the block that is least alike (w)' }, 'Worst block'),
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Zoom' },
      h('button', { 'aria-label': 'Zoom out', onclick: () => events.onZoom(0.5) }, '−'),
      scale,
      h('button', { 'aria-label': 'Zoom in', onclick: () => events.onZoom(2) }, '+'),
      h('button', { onclick: events.onActual }, '1:1'),
      h('button', { onclick: events.onFit }, 'Fit'),
    ),
  )
  return {
    element,
    position,
    show(state, { pictures, golden, twin, ...available }) {
      for (const [index, mode] of MODES.entries()) {
        modes[index]?.setAttribute('aria-pressed', String(mode === state.mode))
      }
      reference.hidden = !(golden && twin)
      reference.value = state.reference
      picture.hidden = pictures < 2
      if (picture.options.length !== pictures) {
        picture.replaceChildren(
          ...Array.from({ length: pictures }, (_, i) => h('option', {}, `picture ${i + 1} of ${pictures}`)),
        )
      }
      picture.selectedIndex = state.picture
      position.hidden = state.mode !== 'slider' && state.mode !== 'onion'
      position.value = String(state.position)
      scale.textContent = available.scale === undefined ? '–' : `${Number((available.scale * 100).toPrecision(3))} %`
    },
  }
}
