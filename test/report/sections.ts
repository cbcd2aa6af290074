/** What a run holds beside its cases, for the parts of the page that show it. */
import type { BenchSide, Measured, SpeedSection } from '../../src/harness/bench/speed-schema.js'
import type { Comparison, Standing } from '../../src/harness/compare/schema.js'
import type { KudosSection } from '../../src/harness/kudos/kudos-schema.js'
import type { Coverage, Run } from '../../src/harness/run-schema.js'
import type { Stress, StressJob } from '../../src/harness/stress/stress-schema.js'

const FINGERPRINT = 'c0ffee012345'

/** Adds every section that there is to a run of `EVERY_KIND`. */
export function addSections(run: Run): void {
  run.coverage = coverage
  run.population = {
    gate: 'population',
    verdict: 'pass',
    reason: 'the pictures lean to no side',
    metrics: { cases: 12 },
  }
  run.selfProof = {
    verdict: 'pass',
    reason: '2 of 2 damages were caught',
    trials: [
      { mutation: 'channel swap', case: 'seed-2-63', caught: true, gate: 'pixels' },
      { mutation: 'black square', case: 'seed-2-63', caught: true, gate: 'pixels' },
    ],
  }
  run.comparison = comparison
  run.stress = stress
  run.speed = speed
  run.kudos = kudos
  for (const result of run.cases) {
    const { id, verdict } = result
    if (verdict === undefined) continue
    if (id === 'karras-off' || id === 'sampler-ddim') {
      verdict.difference = { fingerprint: FINGERPRINT, says: 'the latent leaves the golden at the first step' }
    }
    if (id === 'karras-off') {
      verdict.growth = [1, 2, 3, 4, 5, 6].map(step => ({ pass: 1, step, distance: 0.08 * step ** 0.5 }))
    }
    if (id === 'sampler-ddim' && verdict.golden) {
      verdict.golden.plan = {
        version: 1,
        batch: 1,
        passes: [{ width: 128, height: 128, steps: 20, sampler: 'euler', sigmas: [14.6146, 8.1, 3.4, 1.3, 0.03, 0] }],
      }
    }
    if (id === 'tiling') {
      verdict.waiver = { owner: 'robin', reason: 'seam of the old VAE', expires: '2027-01-31' }
    }
  }
}

const entry = (name: string, status: Coverage['entries'][number]['status'], cases: string[] = []) => ({
  name,
  group: name.includes(' + ') ? 'pair' : (/^[^:]+(?=:)/.exec(name)?.[0] ?? 'number'),
  status,
  cases,
})

const coverage: Coverage = {
  unselected: [{ id: 'not-today', features: ['hires_fix'] }],
  entries: [
    entry('sampler:k_euler', 'gated', ['sampler-k-euler']),
    entry('sampler:ddim', 'gated', ['sampler-ddim']),
    entry('sampler:k_heun', 'aliased'),
    entry('sampler:dpmsolver', 'missing'),
    entry('control:canny', 'error', ['controlnet-canny']),
    entry('control:hed', 'fault'),
    entry('cfg_scale', 'gated', ['cfg-scale-12']),
    entry('n_iter', 'replayed', ['n-iter-3']),
    entry('karras + k_euler', 'gated', ['karras-off']),
    entry('hires_fix + tiling', 'unselected'),
  ],
}

const cell = (counts: Partial<Record<Standing, number>>): Comparison['matrix'][number]['cells'][number] => {
  const order: Standing[] = ['fault', 'different', 'unsupported', 'drift', 'uncompared', 'same']
  return { standing: order.find(standing => counts[standing]) ?? 'same', counts, cases: [] }
}

const comparison: Comparison = {
  schema: 'horde-onnx/comparison@1',
  reference: { name: 'goldens', kind: 'goldens', classes: ['cpu-x64-avx2-fp32-ort1.30.0'], cases: 12 },
  candidates: [
    { name: 'horde-onnx 0.1.0', kind: 'run', classes: ['cpu-x64-avx2-fp32-ort1.30.0'], cases: 13 },
    { name: 'comfyui 0.3.60', kind: 'run', classes: ['cuda-h100-fp16'], cases: 11 },
  ],
  matrix: [
    { feature: '(none)', cells: [cell({ same: 1 }), cell({ same: 1 })] },
    { feature: 'sampler:k_euler', cells: [cell({ same: 2 }), cell({ same: 1, drift: 1 })] },
    { feature: 'sampler:ddim', cells: [cell({ different: 1, same: 2 }), cell({ same: 3 })] },
    { feature: 'control:canny', cells: [cell({ fault: 1 }), cell({ same: 1 })] },
    { feature: 'control:hed', cells: [cell({ same: 1 }), cell({ unsupported: 1 })] },
    { feature: 'size:large', cells: [cell({ same: 3 }), cell({ same: 3 })] },
    { feature: 'size:small', cells: [cell({ same: 1 }), cell({ same: 1 })] },
    { feature: 'tiling', cells: [cell({ different: 1 }), cell({ uncompared: 1 })] },
  ],
  groups: [
    {
      fingerprint: FINGERPRINT,
      candidate: 0,
      gate: 'pixels',
      verdict: 'fail',
      says: 'the latent leaves the golden at the first step',
      cases: ['karras-off', 'sampler-ddim'],
      features: ['sampler:ddim'],
    },
  ],
  uncompared: [{ id: 'new-case', candidate: 0, reason: 'nothing is approved for it' }],
}

/** Runs about a time, as a machine with other things to do leaves them. */
function measuredAbout(ms: number): Measured {
  const runs = Array.from({ length: 12 }, (_, i) => ms * (1 + (((i * 7919) % 13) - 4) / 160))
  const sorted = runs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return {
    warmUps: [ms * 1.6, ms * 1.02],
    stable: true,
    runs,
    wall: {
      n: 12,
      min: at(0),
      p10: at(0.1),
      median: at(0.5),
      p90: at(0.9),
      p99: at(1),
      max: at(1),
      mean: ms,
      cv: 0.02,
    },
    phases: { load: 0, encode: ms * 0.02, sampling: ms * 0.8, decode: ms * 0.16, output: ms * 0.02 },
    iterationsPerSecond: { empirical: 20_000 / ms, steps: 25_000 / ms },
  }
}

const side = (spec: string, backend: string): BenchSide => ({
  spec,
  backend,
  version: '0.1.0',
  class: 'cpu-x64-avx2-fp32-ort1.30.0',
  device: 'Example CPU',
  threads: 8,
  coldMs: 3100,
  peakRssBytes: 3 * 2 ** 30,
})

const decision = (verdict: 'faster' | 'same', estimate: number) => ({
  verdict,
  ratio: { estimate, low: estimate - 0.02, high: estimate + 0.02, confidence: 0.98 },
  p: 0.001,
  doubled: false,
  reason: `the interval lies ${verdict === 'same' ? 'within' : 'below'} the least effect that counts`,
})

const speed: SpeedSection = {
  candidate: side('engine', 'horde-onnx'),
  baseline: side('sidecar:diffusers', 'diffusers'),
  valid: true,
  parity: { run: 'a-run', passed: 12, cases: 12, reason: 'the same build passed parity' },
  forced: [],
  settings: { pairs: 12, confidence: 0.98, minimumEffect: 0.03, seed: 1 },
  decision: decision('faster', 0.8),
  trend: ['square-512', 'tall-768'].map((payload, i) => ({
    payload,
    points: Array.from({ length: 12 }, (_, n) => ({
      at: `2026-11-${String(n + 10)}T10:00:00.000Z`,
      version: n < 8 ? '0.1.0' : '0.2.0',
      commit: `${n}abcdef0`,
      median: (4000 + 3000 * i + 40 * ((n * 7) % 5)) * (n < 8 ? 1 : 1.2),
    })),
    steps: [{ point: 8, ratio: 1.2, p: 0.001 }],
  })),
  payloads: [
    {
      id: 'square-512',
      class: 'txt2img · 512',
      width: 512,
      height: 512,
      steps: 20,
      candidate: measuredAbout(4000),
      baseline: measuredAbout(5000),
      pairs: [],
      decision: decision('faster', 0.8),
    },
    {
      id: 'small-128',
      class: 'txt2img · 128',
      width: 128,
      height: 128,
      steps: 8,
      candidate: measuredAbout(800),
      baseline: measuredAbout(806),
      pairs: [],
      decision: decision('same', 0.99),
    },
  ],
  load: [
    {
      offeredPerSecond: 0.2,
      seed: 1,
      jobs: 40,
      completed: 40,
      good: 40,
      goodput: 0.2,
      latency: measuredAbout(4400).wall,
      busy: 0.8,
      saturated: false,
    },
    {
      offeredPerSecond: 0.4,
      seed: 1,
      jobs: 80,
      completed: 71,
      good: 44,
      goodput: 0.22,
      latency: measuredAbout(38_000).wall,
      busy: 1,
      saturated: true,
    },
  ],
}

const worth = (seconds: number, kudos: number) => ({
  cases: 6,
  pictures: 7,
  seconds,
  kudos,
  kudosPerHour: (kudos / seconds) * 3600,
})

const kudos: KudosSection = {
  model: { file: 'kudos-v21-206.npz', sha256: '0'.repeat(64), basisSeconds: 1.5 },
  cases: [],
  classes: [{ class: 'stable_diffusion_1 · txt2img · 512', ...worth(24, 61) }],
  mix: worth(24, 61),
  features: [
    {
      features: ['lora'],
      case: 'with-lora',
      twin: 'without-lora',
      kudos: 0.4,
      seconds: -0.1,
      secondsRatio: 0.97,
      kudosRatio: 1.04,
    },
  ],
  oddities: [{ what: 'steps', message: '21 steps are cheaper than 20' }],
  against: { run: 'other', backend: 'comfyui', version: '1', classes: [], mix: 1.31 },
}

/** Twenty-four jobs in two lanes, of which one was killed and one job is another's. */
const stressJobs = Array.from({ length: 24 }, (_, n): StressJob => {
  const startedMs = Math.floor(n / 6) * 900 + (n % 6) * 110
  return {
    n,
    schedule: n < 12 ? 'distinct' : 'kills',
    job: `job-${n % 5}`,
    lane: n % 2,
    queuedMs: 0,
    startedMs,
    endedMs: startedMs + 500 + ((n * 37) % 7) * 60,
    state: n === 15 ? 'cancelled' : n === 20 ? 'fault' : 'ok',
    ...(n === 20 ? { fault: 'unsupported' } : {}),
    retries: n === 13 ? 1 : 0,
    verdict: n === 9 ? 'different' : n % 4 === 0 ? 'within-tolerance' : 'same',
  }
})

const stress: Stress = {
  seed: 4711,
  mode: 'default',
  toleranceDb: 60,
  lanes: 2,
  inFlight: 6,
  verdict: 'fail',
  reason: '1 of 24 jobs came out as another',
  totals: {
    jobs: 24,
    same: 15,
    withinTolerance: 6,
    bleeds: 1,
    lost: 0,
    unexplained: 0,
    faults: 1,
    cancelled: 1,
    kills: 1,
    retries: 1,
  },
  schedules: [
    { name: 'distinct', about: 'distinct jobs in random order', jobs: 12, problems: 1, startMs: 0, endMs: 2200 },
    { name: 'kills', about: 'a lane is killed at random times', jobs: 12, problems: 0, startMs: 2200, endMs: 4200 },
  ],
  problems: [
    {
      n: 9,
      schedule: 'distinct',
      job: 'job-4',
      reason: 'it is the picture of job-2',
      leavesAt: 'step3.denoised',
      bleed: { job: 'job-2', evidence: 'stage', stages: ['step3.denoised', 'latent'] },
    },
  ],
  shrunk: { file: 'stress-4711.json', entries: 2, from: 12, runs: 9 },
  timeline: {
    jobs: stressJobs,
    omitted: 0,
    lanes: [
      { lane: 0, atMs: 0, event: 'start' },
      { lane: 1, atMs: 0, event: 'start' },
      { lane: 1, atMs: 2400, event: 'death', reason: 'killed by the schedule' },
    ],
  },
  memory: {
    samples: Array.from({ length: 8 }, (_, i) => ({ atMs: i * 500, jobs: i * 3, rss: (700 + 8 * i) * 2 ** 20 })),
    bytesPerJob: 2048,
    growthSince100: 0.011,
    networks: [{ name: 'pocket-sd15 unet', estimated: 2 ** 28, measured: 2.2e8, loadMs: 410, resident: true }],
  },
  scheduler: { runs: 120, requests: 340, most: 6, ownMs: 12, busyMs: 4100 },
  wallMs: 4300,
}
