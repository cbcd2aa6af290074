import { expect, test } from 'vitest'
import { environmentClass, isaOf } from './environment.js'

const EPYC = 'processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu sse2 avx avx2 avx512f avx512bw\n'

test.each([
  ['x64', EPYC, 'avx512'],
  ['x64', EPYC.replace(/ avx512\w+/g, ''), 'avx2'],
  ['x64', 'flags\t\t: fpu sse2 avx\n', 'unknown'],
  ['x64', '', 'unknown'],
  ['arm64', 'Features\t: fp asimd\n', 'neon'],
] as const)('%s with its flags runs the kernels of its instruction set', (arch, cpuinfo, isa) => {
  expect(isaOf({ arch, cpuinfo })).toBe(isa)
})

const HERE = {
  provider: 'cpu',
  device: 'AMD EPYC 9R14',
  dtype: 'fp32',
  ort: '1.30.0',
  isa: 'avx512',
  platform: 'linux',
  arch: 'x64',
} as const

test('the class of a CPU is named by its instructions, that of an accelerator by the device', () => {
  expect(environmentClass(HERE)).toBe('cpu-x64-avx512-fp32-ort1.30.0')
  expect(environmentClass({ ...HERE, platform: 'win32', isa: 'avx2' })).toBe('cpu-win32-x64-avx2-fp32-ort1.30.0')
  expect(environmentClass({ ...HERE, provider: 'cuda', device: 'NVIDIA H100 80GB HBM3', dtype: 'fp16' })).toBe(
    'cuda-nvidia-h100-80gb-hbm3-fp16-ort1.30.0',
  )
})
