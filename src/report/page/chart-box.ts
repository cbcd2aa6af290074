import type { Chart } from 'chart.js'
import { h } from './dom.js'
import { onTheme } from './theme.js'

/** A chart in a box of its own, drawn when the box has its place in the page, and again when the theme changes. */
export function chartBox(label: string, draw: (canvas: HTMLCanvasElement) => Chart): HTMLElement {
  const canvas = h('canvas', { role: 'img', 'aria-label': label })
  const box = h('div', { class: 'chart' }, canvas)
  let chart: Chart | undefined
  const redraw = () => {
    chart?.destroy()
    chart = draw(canvas)
  }
  new ResizeObserver((_, observer) => {
    if (canvas.isConnected && box.clientWidth > 0) {
      observer.disconnect()
      redraw()
    }
  }).observe(box)
  onTheme(() => chart && redraw())
  return box
}
