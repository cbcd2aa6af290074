import { expect, test } from 'vitest'
import { DeviceError, UsageError } from '../../errors.js'
import { chooseDevice, cudaLibrary, isDeviceChoice } from './choose.js'
import { cudaReport } from './inspect.js'
import { parseGpus, visible } from './nvidia.js'
import { reasonOf } from './probe.js'

const SMI = [
  'GPU-1f2e, NVIDIA H100 80GB HBM3, 81559, 580.159.04',
  'GPU-77aa, NVIDIA GeForce RTX 3060, 12288, 580.159.04',
  '',
].join('\n')
const GPUS = parseGpus(SMI)

test.each(['auto', 'cpu', 'webgpu', 'cuda', 'cuda:0', 'cuda:11'])('%s is a device', name => {
  expect(isDeviceChoice(name)).toBe(true)
})

test.each(['', 'gpu', 'cuda:', 'cuda:x', 'cuda:-1', 'cpu:0', 'CUDA', 'cuda:0 '])('"%s" is none', async name => {
  expect(isDeviceChoice(name)).toBe(false)
  await expect(chooseDevice({ device: name as 'cpu' })).rejects.toThrow(UsageError)
})

test('without CUDA libraries the default is the CPU in fp32, and asking for CUDA says where to look', async context => {
  if (cudaLibrary().installed) return context.skip('the CUDA libraries are installed here')
  const chosen = await chooseDevice({})
  expect([chosen.device.provider, chosen.dtype]).toEqual(['cpu', 'fp32'])
  const refused = await chooseDevice({ device: 'cuda:1' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(DeviceError)
  expect(refused).toMatchObject({ exitCode: 5, hint: expect.stringContaining('doctor') })
})

test('a precision is kept on any device, and another word is refused', async () => {
  expect((await chooseDevice({ device: 'cpu', dtype: 'fp16' })).dtype).toBe('fp16')
  await expect(chooseDevice({ device: 'cpu', dtype: 'bf16' as 'fp16' })).rejects.toThrow(/fp32 or fp16, got "bf16"/)
})

test.each<[string | undefined, string[]]>([
  [undefined, ['NVIDIA H100 80GB HBM3', 'NVIDIA GeForce RTX 3060']],
  ['1', ['NVIDIA GeForce RTX 3060']],
  ['1,0', ['NVIDIA GeForce RTX 3060', 'NVIDIA H100 80GB HBM3']],
  ['GPU-77', ['NVIDIA GeForce RTX 3060']],
  ['0,5,1', ['NVIDIA H100 80GB HBM3']],
  ['', []],
  ['-1', []],
])('CUDA_VISIBLE_DEVICES=%s shows these cards, numbered anew', (chosen, names) => {
  const shown = visible(GPUS, chosen)
  expect(shown.map(({ name }) => name)).toEqual(names)
  expect(shown.map(({ index }) => index)).toEqual([...names.keys()])
})

test('each thing that CUDA lacks has its own way out', () => {
  const installer = 'node_modules/onnxruntime-node/script/install.js'
  const gpus = visible(GPUS, '0')
  expect(cudaReport({ gpus: [], installer, result: undefined })).toMatchObject({
    usable: false,
    todo: expect.stringContaining('driver'),
  })
  expect(cudaReport({ gpus, installer, result: undefined }).todo).toBe(
    `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${installer}`,
  )
  const broken = cudaReport({ gpus, installer, result: { usable: false, reason: 'libcudnn.so.9 was not found' } })
  expect(broken.says).toContain('NVIDIA H100 80GB HBM3')
  expect(broken.says).toContain('libcudnn.so.9')
  expect(broken.todo).toContain('LD_LIBRARY_PATH')
  expect(cudaReport({ gpus, installer, result: { usable: true, fusedAttention: true } })).toEqual({
    device: 'cuda',
    usable: true,
    says: 'cuda:0 NVIDIA H100 80GB HBM3, 81559 MiB, driver 580.159.04',
  })
})

test.each([
  [
    '\u001b[1;31m2026-11-27 02:47:52.757 [E:onnxruntime:, provider_bridge_ort.cc:2146 Create] /src/provider_bridge_ort.cc:1988 Get() ' +
      '[ONNXRuntimeError] : 1 : FAIL : Failed to load library /app/bin/libonnxruntime_providers_cuda.so with error: ' +
      'libcublasLt.so.12: cannot open shared object file: No such file or directory\n\u001b[m\nFailed to load shared library\n',
    'libcublasLt.so.12 was not found',
  ],
  [
    'error: XDG_RUNTIME_DIR is invalid or not set in the environment.\n/src/webgpu_context.cc:136 Initialize() adapter_result.status == ' +
      'wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n\n',
    'Failed to get a WebGPU adapter: No supported adapters',
  ],
  ['', 'the process ended'],
])('of what ONNX Runtime logs, the part that helps is shown (%#)', (log, reason) => {
  expect(reasonOf(log, 'the process ended')).toBe(reason)
})
