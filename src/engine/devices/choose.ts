/** Which device an engine computes on, and in what precision. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DeviceError, UsageError } from '../../errors.js'
import type { Device, Precision } from '../../lane/protocol.js'
import { listGpus } from './nvidia.js'
import { probe } from './probe.js'

/** `auto` is a CUDA device that really works, otherwise the CPU. */
export type DeviceChoice = 'auto' | 'cpu' | 'webgpu' | 'cuda' | `cuda:${number}`

export interface Choice {
  device: Device
  dtype: Precision
}

/** @throws UsageError for a name that is none, DeviceError for a device that is not here */
export async function chooseDevice({
  device = 'auto',
  dtype,
}: {
  device?: DeviceChoice | undefined
  dtype?: Precision | undefined
}): Promise<Choice> {
  if (!isDeviceChoice(device)) {
    throw new UsageError(`the device must be auto, cpu, webgpu, cuda or cuda:NUMBER, got "${device}"`)
  }
  if (dtype !== undefined && !isPrecision(dtype)) throw new UsageError(`dtype must be fp32 or fp16, got "${dtype}"`)
  const found = await find(device)
  return { device: found, dtype: dtype ?? (found.provider === 'cuda' ? 'fp16' : 'fp32') }
}

export function isDeviceChoice(text: string): text is DeviceChoice {
  return /^(auto|cpu|webgpu|cuda(:\d{1,3})?)$/.test(text)
}

export function isPrecision(text: string): text is Precision {
  return text === 'fp32' || text === 'fp16'
}

async function find(device: DeviceChoice): Promise<Device> {
  if (device === 'webgpu') return webgpuDevice()
  if (device.startsWith('cuda')) return cudaDevice(Number(device.split(':')[1] ?? 0))
  const cuda = device === 'auto' ? await workingCuda() : undefined
  return cuda ?? { provider: 'cpu', index: 0, name: cpuName() }
}

/** File of ONNX Runtime's CUDA provider, which its package does not contain. */
export function cudaLibrary(): { file: string; installed: boolean; installer: string } {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const name = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so'
  const file = join(root, 'bin/napi-v6', process.platform, process.arch, name)
  return { file, installed: existsSync(file), installer: join(root, 'script/install.js') }
}

async function cudaDevice(index: number): Promise<Device> {
  const hint = '`horde-onnx doctor` says what is missing and how to get it'
  if (!cudaLibrary().installed) throw new DeviceError("ONNX Runtime's CUDA libraries are not installed", { hint })
  const gpus = await listGpus()
  if (gpus.length === 0) throw new DeviceError('no NVIDIA GPU was found: nvidia-smi lists none', { hint })
  const gpu = gpus[index]
  if (gpu === undefined) {
    const known = gpus.map(({ index, name }) => `cuda:${index} (${name})`).join(', ')
    throw new DeviceError(`there is no device cuda:${index}`, { hint: `there is ${known}` })
  }
  return { provider: 'cuda', index, name: gpu.name }
}

/** Drivers differ in what they compute right, so that it is tried first. */
async function webgpuDevice(): Promise<Device> {
  const result = await probe({ provider: 'webgpu', index: 0 })
  if (!result.usable) {
    throw new DeviceError(`WebGPU cannot be used: ${result.reason}`, {
      hint: '`horde-onnx doctor` says what is missing',
    })
  }
  return { provider: 'webgpu', index: 0, name: webgpuName(), fusedAttention: result.fusedAttention }
}

/** The first CUDA device, where everything it needs is here. Nothing is tried where the libraries are missing. */
async function workingCuda(): Promise<Device | undefined> {
  if (!cudaLibrary().installed) return undefined
  const [gpu] = await listGpus()
  if (gpu === undefined || !(await probe({ provider: 'cuda', index: 0 })).usable) return undefined
  return { provider: 'cuda', index: 0, name: gpu.name }
}

function cpuName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown CPU'
}

/** ONNX Runtime does not tell the adapter: the driver that the environment names, or the system's default. */
export function webgpuName({ env } = process): string {
  const driver = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES
  return driver === undefined ? 'default adapter' : basename(driver, '.json').replace(/_icd(\.\w+)?$/, '')
}
