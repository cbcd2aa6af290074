import { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, Tooltip } from 'chart.js'
import type { CaseResult } from '../../../harness/run-schema.js'
import { formatDuration } from '../../format.js'
import { chartLook } from '../chart.js'
import { h } from '../dom.js'

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Legend, Tooltip)

const PHASES = ['load', 'encode', 'steps', 'decode', 'output', 'rest'] as const

export interface Timings {
  element: HTMLElement
  /** Charts hold on to their canvas until told. */
  destroy(): void
}

/** Where the time of a case went: by phase, and for each step inside and outside ONNX Runtime. */
export function timings({ timings }: CaseResult): Timings {
  const inside = timings.steps.map(step => step.inside)
  const outside = timings.steps.map(step => step.outside)
  const steps = sum(inside) + sum(outside)
  const known = timings.load + timings.encode + steps + timings.decode + timings.output
  const durations = { ...timings, steps, rest: Math.max(0, timings.total - known) }
  const shown = PHASES.filter(phase => durations[phase] > 0)
  const bar = h(
    'div',
    { class: 'bar phases', 'aria-hidden': 'true' },
    ...shown.map(phase => {
      const part = h('span', { class: `phase-${phase}`, title: `${phase} ${formatDuration(durations[phase])}` })
      part.style.flexGrow = String(durations[phase])
      return part
    }),
  )
  const legend = h(
    'dl',
    { class: 'legend' },
    ...shown.map(phase =>
      h('div', { class: `phase-${phase}` }, h('dt', {}, phase), h('dd', {}, formatDuration(durations[phase]))),
    ),
    h('div', {}, h('dt', {}, 'total'), h('dd', {}, formatDuration(timings.total))),
  )
  if (timings.steps.length === 0) return { element: h('div', {}, bar, legend), destroy: () => {} }

  const share = (100 * sum(outside)) / (steps || 1)
  const says = `${timings.steps.length} steps, ${formatDuration(steps / timings.steps.length)} each, ${share.toFixed(1)} % of it outside ONNX Runtime`
  const canvas = h('canvas', { role: 'img', 'aria-label': says })
  const chart = stepChart(canvas, inside, outside)
  return {
    element: h('div', {}, bar, legend, h('p', { class: 'muted' }, says), h('div', { class: 'chart' }, canvas)),
    destroy: () => chart.destroy(),
  }
}

function stepChart(canvas: HTMLCanvasElement, inside: readonly number[], outside: readonly number[]): Chart {
  const { colour, font, axis, base } = chartLook()
  return new Chart(canvas, {
    type: 'bar',
    data: {
      labels: inside.map((_, step) => step + 1),
      datasets: [
        { label: 'inside ONNX Runtime', data: [...inside], backgroundColor: colour('phase-steps') },
        { label: 'outside', data: [...outside], backgroundColor: colour('phase-output') },
      ],
    },
    options: {
      ...base,
      scales: {
        x: { ...axis('step'), stacked: true, grid: { display: false } },
        y: { ...axis('ms'), stacked: true },
      },
      plugins: {
        legend: { labels: { color: colour('text'), boxWidth: 10, boxHeight: 10, font } },
        tooltip: {
          callbacks: { label: ({ dataset, parsed }) => `${dataset.label}: ${formatDuration(parsed.y ?? 0)}` },
        },
      },
    },
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
