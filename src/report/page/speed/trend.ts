/** What payloads took with past builds on the same machine. */
import { CategoryScale, Chart, Legend, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js'
import type { Trend } from '../../../harness/bench/speed-schema.js'
import { formatDuration } from '../../format.js'
import { chartLook } from '../chart.js'
import { chartBox } from '../chart-box.js'
import { foreign, h } from '../dom.js'

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, Tooltip, Legend)

export function trendChart(trends: readonly Trend[]): HTMLElement | undefined {
  const shown = trends.filter(({ points }) => points.length > 1)
  if (shown.length === 0) return undefined
  const steps = shown.flatMap(({ payload, points, steps }) =>
    steps.flatMap(({ point, ratio }) => {
      const first = points[point]
      if (first === undefined) return []
      const change = `${ratio > 1 ? '+' : '−'}${(100 * Math.abs(ratio - 1)).toFixed(1)} %`
      return [h('li', {}, foreign(payload), ` ${change} with `, foreign(buildOf(first)))]
    }),
  )
  const most = Math.max(...shown.map(({ points }) => points.length))
  return h(
    'div',
    {},
    h('h3', {}, 'Trend'),
    h('p', { class: 'muted' }, `The last ${most} benches on this machine; the first of each payload is 100 %.`),
    chartBox(`times of ${shown.length} payloads over ${most} benches`, canvas => draw(canvas, shown)),
    steps.length > 0 && h('ul', {}, ...steps),
  )
}

type Point = Trend['points'][number]

const buildOf = ({ version, commit }: Point) => `${version}${commit === undefined ? '' : ` ${commit.slice(0, 7)}`}`

const COLOURS = ['phase-steps', 'phase-output', 'phase-decode', 'phase-load', 'phase-encode']

function draw(canvas: HTMLCanvasElement, trends: readonly Trend[]): Chart {
  const { colour, font, axis, base } = chartLook()
  const times = [...new Set(trends.flatMap(({ points }) => points.map(({ at }) => at)))].sort()
  const builds = new Map(trends.flatMap(({ points }) => points.map(point => [point.at, buildOf(point)])))
  return new Chart(canvas, {
    type: 'line',
    data: {
      labels: times.map(at => `${at.slice(0, 10)} ${builds.get(at)}`),
      datasets: trends.map(({ payload, points, steps }, i) => {
        const first = points[0]?.median ?? 1
        const byTime = new Map(points.map((point, index) => [point.at, { ...point, index }]))
        const stepped = new Set(steps.map(({ point }) => point))
        return {
          label: payload,
          data: times.map(at => (100 * (byTime.get(at)?.median ?? Number.NaN)) / first),
          borderColor: colour(COLOURS[i % COLOURS.length] ?? 'accent'),
          borderWidth: 2,
          spanGaps: true,
          pointRadius: times.map(at => (stepped.has(byTime.get(at)?.index ?? -1) ? 6 : 2)),
        }
      }),
    },
    options: {
      ...base,
      scales: { x: { ...axis(''), grid: { display: false } }, y: axis('% of the first') },
      plugins: {
        legend: { display: trends.length > 1, labels: { color: colour('muted'), font } },
        tooltip: {
          callbacks: {
            label: ({ datasetIndex, dataIndex }) => {
              const trend = trends[datasetIndex]
              const point = trend?.points.find(({ at }) => at === times[dataIndex])
              return trend === undefined || point === undefined
                ? ''
                : `${trend.payload}: ${formatDuration(point.median)}`
            },
          },
        },
      },
    },
  })
}
