/** What a run holds beside its cases, for the parts of the page that show it. */
import type { Comparison, Standing } from '../../src/harness/compare/schema.js'
import type { Coverage, Run } from '../../src/harness/run-schema.js'

const FINGERPRINT = 'c0ffee012345'

/** Adds every section that there is to a run of `EVERY_KIND`. */
export function addSections(run: Run): void {
  run.coverage = coverage
  run.comparison = comparison
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
