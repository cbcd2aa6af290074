/** Charts of a run as PNG files, for places that show no page: chart.js on a canvas without a browser. */
import { Chart, type ChartConfiguration, registerables } from 'chart.js'
import { ExitCode, HordeOnnxError } from '../errors.js'
import type { Trend } from '../harness/bench/speed-schema.js'
import type { Run } from '../harness/run-schema.js'

export interface ChartFile {
  name: string
  png: Uint8Array
}

const [OWN, OTHER, LINE] = ['#2a6fdb', '#9aa5b1', '#d1495b']

/**
 * One chart for each thing that the run measured: times of payloads, ratios with their intervals, the history, kudos per hour.
 *
 * @throws HordeOnnxError where the canvas is not installed
 */
export async function renderCharts(run: Run): Promise<ChartFile[]> {
  const configurations = chartsOf(run)
  if (configurations.length === 0) return []
  const { createCanvas } = await import('@napi-rs/canvas').catch((cause: unknown) => {
    throw new HordeOnnxError('missing', ExitCode.environment, 'charts need the package @napi-rs/canvas', {
      cause,
      hint: 'npm install @napi-rs/canvas',
    })
  })
  Chart.register(...registerables)
  return configurations.map(({ name, rows, configuration }) => {
    const canvas = createCanvas(900, Math.max(220, 110 + 34 * rows))
    // chart.js asks for a browser's canvas and uses what every canvas has.
    const chart = new Chart(canvas.getContext('2d') as unknown as ConstructorParameters<typeof Chart>[0], configuration)
    const png = new Uint8Array(canvas.toBuffer('image/png'))
    chart.destroy()
    return { name, png }
  })
}

interface ChartPlan {
  name: string
  /** Bars one below the other. */
  rows: number
  configuration: ChartConfiguration
}

/** What is drawn, without a canvas. */
export function chartsOf({ speed, kudos }: Run): ChartPlan[] {
  const plans: ChartPlan[] = []
  if (speed !== undefined && speed.payloads.length > 0) {
    const labels = speed.payloads.map(({ id }) => id)
    plans.push({
      name: 'speed',
      rows: labels.length * (speed.baseline === undefined ? 1 : 2),
      configuration: bars({
        title: 'Median time of a job, milliseconds',
        labels,
        series: [
          {
            label: speed.candidate.spec,
            color: OWN,
            values: speed.payloads.map(({ candidate }) => candidate.wall.median),
          },
          ...(speed.baseline === undefined
            ? []
            : [
                {
                  label: speed.baseline.spec,
                  color: OTHER,
                  values: speed.payloads.map(({ baseline }) => baseline?.wall.median ?? 0),
                },
              ]),
        ],
      }),
    })
    plans.push({
      name: 'phases',
      rows: labels.length,
      configuration: stacked({
        title: `Where the time of ${speed.candidate.spec} goes, milliseconds`,
        labels,
        series: (['encode', 'sampling', 'decode', 'output'] as const).map((phase, i) => ({
          label: phase,
          color: ['#f2b134', OWN, '#3fa34d', OTHER][i] ?? OWN,
          values: speed.payloads.map(({ candidate }) => candidate.phases?.[phase] ?? 0),
        })),
      }),
    })
    if (speed.baseline !== undefined) {
      const rows = [
        ...speed.payloads.map(({ id, decision }) => ({ id, decision })),
        { id: 'all', decision: speed.decision },
      ]
      plans.push({
        name: 'ratio',
        rows: rows.length,
        configuration: intervals({
          title: `Time of ${speed.candidate.spec} over ${speed.baseline.spec}, with its interval`,
          labels: rows.map(({ id }) => id),
          ranges: rows.map(({ decision }) => [decision?.ratio.low ?? 1, decision?.ratio.high ?? 1]),
        }),
      })
    }
  }
  const trends = (speed?.trend ?? []).filter(({ points }) => points.length > 1)
  if (trends.length > 0) plans.push({ name: 'trend', rows: 8, configuration: lines(trends) })
  if (kudos !== undefined && kudos.classes.length > 0) {
    plans.push({
      name: 'kudos',
      rows: kudos.classes.length,
      configuration: bars({
        title: 'Kudos per hour by class of payload',
        labels: kudos.classes.map(({ class: name }) => name),
        series: [
          { label: 'kudos per hour', color: OWN, values: kudos.classes.map(({ kudosPerHour }) => kudosPerHour) },
        ],
      }),
    })
  }
  return plans
}

interface Series {
  label: string
  color: string
  values: readonly number[]
}

interface ChartText {
  title: string
  labels: readonly string[]
}

const options = (title: string, legend: boolean) => ({
  indexAxis: 'y' as const,
  animation: false as const,
  responsive: false,
  devicePixelRatio: 1,
  plugins: { title: { display: true, text: title, font: { size: 16 } }, legend: { display: legend } },
})

/** An opaque ground: PNG charts are shown on pages of any colour. */
const ground = {
  id: 'ground',
  beforeDraw({ ctx, width, height }: Chart) {
    ctx.save()
    ctx.fillStyle = '#ffffff'
    ctx.fillRect(0, 0, width, height)
    ctx.restore()
  },
}

function bars({ title, labels, series }: ChartText & { series: readonly Series[] }): ChartConfiguration {
  return {
    type: 'bar',
    data: {
      labels: [...labels],
      datasets: series.map(({ label, color, values }) => ({ label, data: [...values], backgroundColor: color })),
    },
    options: { ...options(title, series.length > 1), scales: { x: { beginAtZero: true } } },
    plugins: [ground],
  }
}

function stacked(chart: ChartText & { series: readonly Series[] }): ChartConfiguration {
  const plain = bars(chart)
  return {
    ...plain,
    options: { ...options(chart.title, true), scales: { x: { stacked: true }, y: { stacked: true } } },
  }
}

/** Each payload's median over its first, bench by bench. */
function lines(trends: readonly Trend[]): ChartConfiguration {
  const times = [...new Set(trends.flatMap(({ points }) => points.map(({ at }) => at)))].sort()
  const { indexAxis: _, ...upright } = options('Time of a job over the first in the history, percent', true)
  return {
    type: 'line',
    data: {
      labels: times.map(at => at.slice(0, 10)),
      datasets: trends.map(({ payload, points }, i) => ({
        label: payload,
        data: times.map(time => (100 * (points.find(({ at }) => at === time)?.median ?? Number.NaN)) / first(points)),
        borderColor: [OWN, LINE, '#3fa34d', '#f2b134', OTHER][i % 5] ?? OWN,
        spanGaps: true,
      })),
    },
    options: upright,
    plugins: [ground],
  }
}

const first = (points: Trend['points']): number => points[0]?.median ?? 1

function intervals({ title, labels, ranges }: ChartText & { ranges: [number, number][] }): ChartConfiguration {
  const bounds = ranges.flat()
  const reach = Math.max(0.05, ...bounds.map(value => Math.abs(value - 1))) * 1.2
  return {
    type: 'bar',
    data: {
      labels: [...labels],
      datasets: [
        {
          label: 'ratio',
          data: ranges,
          backgroundColor: ranges.map(([low, high]) => (low > 1 ? LINE : high < 1 ? '#3fa34d' : OTHER)),
          barThickness: 12,
        },
      ],
    },
    options: { ...options(title, false), scales: { x: { min: 1 - reach, max: 1 + reach } } },
    plugins: [ground],
  }
}
