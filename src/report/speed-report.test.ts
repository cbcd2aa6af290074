import { describe, expect, test } from 'vitest'
import { decide } from '../harness/bench/decide.js'
import { distributionOf } from '../harness/bench/distribution.js'
import type { SpeedSection } from '../harness/bench/speed-schema.js'
import { speedSchema } from '../harness/bench/speed-schema.js'
import type { KudosSection } from '../harness/kudos/kudos-schema.js'
import type { Run } from '../harness/run-schema.js'
import { ENVIRONMENT } from '../harness/testing.js'
import { isPng, readPngHeader } from '../imaging/png.js'
import { chartsOf, renderCharts } from './charts.js'
import { renderKudosTable } from './kudos-table.js'
import { renderMarkdown } from './markdown.js'
import { kudosMarkdown, speedMarkdown } from './speed-markdown.js'
import { renderSpeedTable } from './speed-table.js'

const HOSTILE = '<img src=x onerror=alert(1)>|`[a](b)'

const side = (spec: string) => ({
  spec,
  backend: 'horde-onnx',
  version: '0.1.0',
  class: ENVIRONMENT.class,
  device: ENVIRONMENT.device,
  threads: 2,
  coldMs: 1800,
  peakRssBytes: 300 * 2 ** 20,
})

const measured = (ms: number) => ({
  warmUps: [ms * 1.4, ms],
  stable: true,
  runs: [ms, ms],
  wall: distributionOf([ms, ms * 1.1]),
  phases: { load: 0, encode: 10, sampling: ms - 60, decode: 40, output: 5 },
  step: distributionOf([ms / 10, ms / 9]),
  iterationsPerSecond: { empirical: 10_000 / ms, theoretical: 11_000 / ms, steps: 12_000 / ms },
})

const pairs = Array.from({ length: 8 }, (_, i) => ({ order: 'AB' as const, baseline: 100 + (i % 2), candidate: 120 }))

const SPEED: SpeedSection = {
  candidate: side('engine'),
  baseline: side('build:../main'),
  valid: false,
  parity: { run: 'r', passed: 0, cases: 1, reason: `0 of 1 pictures passed; ${HOSTILE}` },
  forced: ['the machine is busy'],
  settings: { pairs: 8, confidence: 0.98, minimumEffect: 0.02, seed: 1 },
  decision: decide([pairs]),
  payloads: [
    {
      id: 'euler-karras',
      class: 'c',
      width: 128,
      height: 128,
      steps: 10,
      candidate: measured(600),
      baseline: measured(500),
      pairs,
      decision: decide([pairs]),
    },
  ],
  load: [
    {
      offeredPerSecond: 1.5,
      seed: 1,
      jobs: 20,
      completed: 20,
      good: 15,
      goodput: 1.1,
      latency: distributionOf([900, 4000]),
      busy: 1,
      saturated: true,
    },
  ],
}

const KUDOS: KudosSection = {
  model: { file: 'kudos.npz', sha256: 'x', basisSeconds: 6.45 },
  cases: [
    {
      id: 'a',
      class: 'sd · txt2img · 512',
      kudos: 11,
      by: 'legacy',
      reason: 'no karras',
      surcharge: 0,
      multiplier: 1,
      pictures: 1,
      seconds: 4,
      kudosPerHour: 9900,
      stepsPerSecond: 7,
    },
  ],
  classes: [{ class: 'sd · txt2img · 512', cases: 1, pictures: 1, seconds: 4, kudos: 11, kudosPerHour: 9900 }],
  mix: { cases: 1, pictures: 1, seconds: 4, kudos: 11, kudosPerHour: 9900 },
  features: [{ features: [HOSTILE], case: 'a', twin: 'b', kudos: 3, seconds: 1, secondsRatio: 1.25, kudosRatio: 1.27 }],
  oddities: [{ what: 'scribble', message: 'control type scribble is expected to take 1.66 s, without it 2.31 s' }],
  against: { run: 'c', backend: 'comfyui', version: '1', classes: [], mix: 0.98 },
  traffic: {
    from: HOSTILE,
    payloads: 40,
    covered: 30,
    uncovered: [{ class: HOSTILE, payloads: 10 }],
    kudosPerHour: 5310,
    against: {
      ratio: 0.97,
      classes: [{ name: 'sd · txt2img · 512', share: 1, time: 1.03, adds: 0.031 }],
      features: [{ name: HOSTILE, share: 0.25, time: 1.11, adds: 0.028 }],
    },
  },
}

const RUN: Run = {
  schema: 'horde-onnx/run@1',
  id: 'r',
  createdAt: '2026-01-01T00:00:00.000Z',
  complete: true,
  command: 'bench',
  backend: 'horde-onnx',
  version: '0.1.0',
  environment: ENVIRONMENT,
  models: [],
  wallMs: 1,
  cases: [],
  pending: [],
  speed: speedSchema.parse(SPEED),
  kudos: KUDOS,
}

describe('a bench', () => {
  test('as a table says who, how fast, the verdict, and what keeps the figures from counting', () => {
    const text = renderSpeedTable(SPEED)
    for (const part of [
      'engine',
      'build:../main',
      'slower',
      'SLOWER',
      '1.19',
      '300 MiB',
      'VOID',
      'by --force although the machine is busy',
      'saturated',
    ]) {
      expect(text).toContain(part)
    }
  })

  test('as Markdown says the same, and what others wrote stays text', () => {
    const text = speedMarkdown(SPEED)
    for (const part of ['| `euler-karras` |', '**slower**', '**Void**', 'Measured by force', 'saturated'])
      expect(text).toContain(part)
    expect(text).not.toContain('<img')
    expect(renderMarkdown(RUN)).toContain('### Speed')
  })
})

describe('kudos', () => {
  test('as a table and as Markdown have classes, features, oddities and what the old formula priced', () => {
    for (const text of [renderKudosTable(KUDOS), kudosMarkdown(KUDOS)]) {
      for (const part of ['9900', '1.25', 'scribble', 'old formula', '30 of classes', '5,310', '0.97×', '+2.8 %']) {
        expect(text.replaceAll('\\', '')).toContain(part)
      }
    }
    expect(kudosMarkdown(KUDOS)).not.toContain('<img')
    expect(renderMarkdown(RUN)).toContain('### Kudos')
  })
})

describe('charts', () => {
  test('are one for each thing that was measured, of the values of the run', () => {
    const plans = chartsOf(RUN)
    expect(plans.map(({ name }) => name)).toEqual(['speed', 'phases', 'ratio', 'kudos'])
    const [speed, , ratio] = plans
    expect(speed?.configuration.data.datasets.map(({ data }) => data)).toEqual([[630], [525]])
    const { low, high } = decide([pairs]).ratio
    expect(ratio?.configuration.data.datasets[0]?.data).toEqual([
      [low, high],
      [low, high],
    ])
    const { speed: _, kudos: __, ...without } = RUN
    expect(chartsOf(without)).toEqual([])
  })

  test('are PNG files', async () => {
    for (const { png } of await renderCharts(RUN)) {
      expect(isPng(png)).toBe(true)
      expect(readPngHeader(png)).toMatchObject({ width: 900 })
    }
  })
})
