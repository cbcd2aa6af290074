/** How the latent leaves the golden's, step by step. */
import {
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js'
import type { CaseVerdict } from '../../../harness/run-schema.js'
import { formatNumber } from '../../format.js'
import { chartLook } from '../chart.js'
import { h } from '../dom.js'

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, CategoryScale, Tooltip)

type Growth = NonNullable<CaseVerdict['growth']>

export interface GrowthChart {
  element: HTMLElement
  destroy(): void
}

export function growthChart(growth: Growth): GrowthChart {
  const distances = growth.map(({ distance }) => distance)
  const says = growthText(growth)
  if (distances.every(distance => distance === 0)) return { element: h('p', {}, says), destroy: () => {} }
  const canvas = h('canvas', { role: 'img', 'aria-label': says })
  const chart = draw(canvas, growth)
  return {
    element: h(
      'div',
      {},
      h('p', {}, says),
      h('div', { class: 'chart' }, canvas),
      h('p', { class: 'muted small' }, 'A jump at the first steps is another computation, a slow slope is rounding.'),
    ),
    destroy: () => chart.destroy(),
  }
}

/** E.g. `2.10e-7 after step 1, 4.00e-6 after step 8; it grew most at step 3, 5.1 times`. */
export function growthText(growth: Growth): string {
  const [first] = growth
  const last = growth.at(-1)
  if (first === undefined || last === undefined) return 'no step was compared'
  if (growth.every(({ distance }) => distance === 0)) return 'identical after every step that was compared'
  const ends = `${formatNumber(first.distance)} after ${stepName(first, growth)}, ${formatNumber(last.distance)} after ${stepName(last, growth)}`
  const rises = growth.slice(1).map((each, index) => ({ each, by: each.distance / (growth[index]?.distance || 1) }))
  const most = rises.reduce<(typeof rises)[number] | undefined>((a, b) => (a && a.by >= b.by ? a : b), undefined)
  if (most === undefined || first.distance === 0 || most.by <= 1) return ends
  return `${ends}; it grew most at ${stepName(most.each, growth)}, ${formatNumber(most.by)} times`
}

function stepName({ pass, step }: Growth[number], growth: Growth): string {
  return growth.some(each => each.pass !== pass) ? `step ${step} of pass ${pass}` : `step ${step}`
}

function draw(canvas: HTMLCanvasElement, growth: Growth): Chart {
  const { colour, axis, base } = chartLook()
  const least = Math.min(...growth.map(({ distance }) => distance).filter(distance => distance > 0))
  return new Chart(canvas, {
    type: 'line',
    data: {
      labels: growth.map(each => stepName(each, growth).replace('step ', '')),
      datasets: [
        {
          // A logarithm has no place for nothing: it lies on the floor.
          data: growth.map(({ distance }) => Math.max(distance, least / 10)),
          borderColor: colour('accent'),
          backgroundColor: colour('accent'),
          borderWidth: 2,
          pointRadius: 2.5,
          tension: 0.2,
        },
      ],
    },
    options: {
      ...base,
      scales: {
        x: { ...axis('step'), grid: { display: false } },
        y: { ...axis('distance to the golden'), type: 'logarithmic' },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: ([item]) =>
              item ? stepName(growth[item.dataIndex] ?? { pass: 1, step: 0, distance: 0 }, growth) : '',
            label: ({ dataIndex }) => formatNumber(growth[dataIndex]?.distance ?? 0),
          },
        },
      },
    },
  })
}
