/** The panes on which pictures are looked at: one view for all of them, pixels that stay crisp at any scale. */

import { fill, h } from '../dom.js'
import type { View } from '../link.js'
import type { Block } from './comparison.js'
import type { Pane } from './modes.js'
import { GRIP, paintPane } from './paint.js'

export interface Scene {
  panes: readonly Pane[]
  /** Undefined: everything fits. */
  view: View | undefined
  /** Block to be framed. */
  mark: Block | undefined
}

export interface StageEvents {
  onView(view: View | undefined): void
  /** The divider was moved to this share of the width. */
  onDivider(position: number): void
  /** Pixel under the pointer. */
  onPixel(pixel: { x: number; y: number } | undefined): void
}

export interface Stage {
  element: HTMLElement
  show(scene: Scene): void
  /** Zooms about the middle. */
  zoom(factor: number): void
  /** Moves by shares of the pane. */
  pan(dx: number, dy: number): void
  /** So that a block fills much of a pane. */
  lookAt(block: Block): void
  /** Screen pixels per picture pixel, as shown. */
  scale(): number
}

const SCALES = { least: 0.05, most: 256 }

export function createStage({ onView, onDivider, onPixel }: StageEvents): Stage {
  const element = h('div', { class: 'stage' })
  let canvases: HTMLCanvasElement[] = []
  let scene: Scene = { panes: [], view: undefined, mark: undefined }
  new ResizeObserver(() => paint()).observe(element)

  /** Size of the pictures; they share it, or are shown by the first one's. */
  const size = () => {
    const bitmap = scene.panes.flatMap(({ layers }) => layers)[0]?.bitmap
    return bitmap === undefined ? { width: 1, height: 1 } : bitmap
  }
  const paneSize = () => {
    const canvas = canvases[0]
    return { width: Math.max(1, canvas?.clientWidth ?? 1), height: Math.max(1, canvas?.clientHeight ?? 1) }
  }
  const view = (): View => {
    if (scene.view !== undefined) return scene.view
    const { width, height } = size()
    const pane = paneSize()
    const scale = Math.min((pane.width - 16) / width, (pane.height - 16) / height)
    // Whole multiples keep all pixels equally large.
    return { scale: scale >= 1 ? Math.floor(scale) : Math.max(scale, SCALES.least), x: width / 2, y: height / 2 }
  }
  const move = ({ scale, x, y }: View) => {
    const { width, height } = size()
    onView({
      scale: clamp(scale, SCALES.least, SCALES.most),
      x: clamp(x, 0, width),
      y: clamp(y, 0, height),
    })
  }
  const pixelAt = (canvas: HTMLCanvasElement, event: MouseEvent) => {
    const box = canvas.getBoundingClientRect()
    const { scale, x, y } = view()
    return {
      x: x + (event.clientX - box.left - box.width / 2) / scale,
      y: y + (event.clientY - box.top - box.height / 2) / scale,
    }
  }

  function paint() {
    for (const [index, canvas] of canvases.entries()) {
      const pane = scene.panes[index]
      if (pane) paintPane(canvas, pane, { view: view(), mark: scene.mark })
    }
  }

  function build() {
    canvases = []
    fill(
      element,
      ...scene.panes.map(({ label, message }) => {
        const caption = h('figcaption', {}, label)
        if (message !== undefined) return h('figure', { class: 'pane empty' }, caption, h('p', {}, message))
        const canvas = h('canvas', { role: 'img' })
        canvases.push(canvas)
        listen(canvas)
        return h('figure', { class: 'pane' }, caption, canvas)
      }),
    )
  }

  function listen(canvas: HTMLCanvasElement) {
    canvas.addEventListener('pointerdown', down => {
      if (down.button !== 0) return
      canvas.setPointerCapture(down.pointerId)
      const start = view()
      const { width } = size()
      const divider = scene.panes[0]?.divider
      const grips = divider !== undefined && Math.abs(pixelAt(canvas, down).x - divider * width) * start.scale <= GRIP
      const drag = (event: PointerEvent) => {
        if (grips) onDivider(clamp(pixelAt(canvas, event).x / width, 0, 1))
        else {
          move({
            scale: start.scale,
            x: start.x - (event.clientX - down.clientX) / start.scale,
            y: start.y - (event.clientY - down.clientY) / start.scale,
          })
        }
      }
      canvas.addEventListener('pointermove', drag)
      canvas.addEventListener('lostpointercapture', () => canvas.removeEventListener('pointermove', drag), {
        once: true,
      })
    })
    canvas.addEventListener('pointermove', event => {
      const { x, y } = pixelAt(canvas, event)
      const { width, height } = size()
      const inside = x >= 0 && y >= 0 && x < width && y < height
      onPixel(inside ? { x: Math.floor(x), y: Math.floor(y) } : undefined)
    })
    canvas.addEventListener('pointerleave', () => onPixel(undefined))
    canvas.addEventListener(
      'wheel',
      event => {
        event.preventDefault()
        const { scale, x, y } = view()
        const next = clamp(scale * 2 ** (-event.deltaY / 240), SCALES.least, SCALES.most)
        const at = pixelAt(canvas, event)
        // What is under the pointer stays there.
        move({ scale: next, x: at.x + ((x - at.x) * scale) / next, y: at.y + ((y - at.y) * scale) / next })
      },
      { passive: false },
    )
  }

  return {
    element,
    show(next) {
      const shape = ({ panes }: Scene) => panes.map(({ message }) => message ?? '').join('\n')
      const rebuild = shape(next) !== shape(scene) || next.panes.length !== scene.panes.length
      scene = next
      if (rebuild) build()
      for (const [index, figure] of [...element.children].entries()) {
        const label = scene.panes[index]?.label ?? ''
        fill(figure.querySelector('figcaption') ?? figure, label)
        figure.querySelector('canvas')?.setAttribute('aria-label', label)
      }
      paint()
    },
    zoom(factor) {
      const { scale, x, y } = view()
      move({ scale: scale * factor, x, y })
    },
    pan(dx, dy) {
      const { scale, x, y } = view()
      const { width, height } = paneSize()
      move({ scale, x: x + (dx * width) / scale, y: y + (dy * height) / scale })
    },
    lookAt({ x, y, size: side }) {
      const { width, height } = paneSize()
      const scale = Math.max(1, Math.floor((0.7 * Math.min(width, height)) / side))
      move({ scale, x: x + side / 2, y: y + side / 2 })
    },
    scale: () => view().scale,
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
