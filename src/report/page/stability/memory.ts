/** What the lanes held, and what each network was thought to need. */
import { CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js'
import type { Stress } from '../../../harness/stress/stress-schema.js'
import { formatBytes, formatDuration } from '../../format.js'
import { chartLook } from '../chart.js'
import { chartBox } from '../chart-box.js'
import { foreign, h } from '../dom.js'
import { table } from '../table.js'

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, Tooltip)

type Memory = Stress['memory']

export function memory({ samples, bytesPerJob, growthSince100, networks }: Memory): HTMLElement | undefined {
  if (samples.length === 0 && networks.length === 0) return undefined
  const says = [
    growthSince100 !== undefined && `${(growthSince100 * 100).toFixed(1)} % more at the end than after 100 jobs`,
    // Of a short run it says nothing but how large the last pictures were.
    growthSince100 !== undefined &&
      bytesPerJob !== undefined &&
      `${(bytesPerJob / 1024).toFixed(1)} KiB a job in the second half`,
  ].filter(part => part !== false)
  return h(
    'div',
    { class: 'memory' },
    h('h3', {}, 'Memory'),
    says.length > 0 && h('p', { class: 'muted' }, says.join(', ')),
    samples.length > 1 && rssChart(samples),
    networks.length > 0 &&
      table(networks, [
        { title: 'network', words: true, cell: ({ name }) => foreign(name) },
        { title: 'estimated', cell: ({ estimated }) => formatBytes(estimated) },
        { title: 'measured', cell: ({ measured }) => formatBytes(measured) },
        { title: 'load', cell: ({ loadMs }) => formatDuration(loadMs) },
        { title: 'at the end', words: true, cell: ({ resident }) => (resident ? 'resident' : 'evicted') },
      ]),
  )
}

function rssChart(samples: Memory['samples']): HTMLElement {
  const peak = Math.max(...samples.map(({ rss }) => rss))
  const label = `memory of all lanes over ${samples.length} samples, at most ${formatBytes(peak)}`
  return chartBox(label, canvas => rss(canvas, samples))
}

function rss(canvas: HTMLCanvasElement, samples: Memory['samples']): Chart {
  const { colour, axis, base } = chartLook()
  return new Chart(canvas, {
    type: 'line',
    data: {
      labels: samples.map(({ jobs }) => jobs),
      datasets: [
        {
          data: samples.map(({ rss }) => rss / 2 ** 20),
          borderColor: colour('accent'),
          borderWidth: 2,
          pointRadius: 0,
          tension: 0.2,
        },
      ],
    },
    options: {
      ...base,
      scales: {
        x: { ...axis('jobs done'), grid: { display: false } },
        y: { ...axis('MiB of all lanes'), beginAtZero: true },
      },
      plugins: { legend: { display: false } },
    },
  })
}
