/** What `doctor` says of the devices that are not the CPU: whether each works here, and what would make it. */
import { cudaLibrary, webgpuName } from './choose.js'
import { type Gpu, listGpus } from './nvidia.js'
import { type ProbeResult, probe } from './probe.js'

export interface DeviceReport {
  device: 'cuda' | 'webgpu'
  usable: boolean
  says: string
  /** The one thing that comes next. */
  todo?: string
}

export async function inspectDevices(): Promise<DeviceReport[]> {
  const { installed, installer } = cudaLibrary()
  const [gpus, cuda, webgpu] = await Promise.all([
    listGpus(),
    installed ? probe({ provider: 'cuda', index: 0 }) : undefined,
    probe({ provider: 'webgpu', index: 0 }),
  ])
  return [cudaReport({ gpus, installer, result: cuda }), webgpuReport(webgpu)]
}

/** @param result undefined where ONNX Runtime's CUDA libraries are not installed */
export function cudaReport({
  gpus,
  installer,
  result,
}: {
  gpus: readonly Gpu[]
  installer: string
  result: ProbeResult | undefined
}): DeviceReport {
  const device = 'cuda'
  if (process.platform !== 'linux' && process.platform !== 'win32') {
    return { device, usable: false, says: `not on ${process.platform}` }
  }
  const cards = gpus.map(gpu => `cuda:${gpu.index} ${gpu.name}, ${gpu.memoryMiB} MiB, driver ${gpu.driver}`).join('; ')
  if (gpus.length === 0) {
    const todo = 'for an NVIDIA card, install its driver; `nvidia-smi` must list the card'
    return { device, usable: false, says: 'no NVIDIA GPU was found', todo }
  }
  if (result === undefined) {
    return {
      device,
      usable: false,
      says: `${cards}, but ONNX Runtime's CUDA libraries are not installed`,
      todo: `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${installer}`,
    }
  }
  if (result.usable) return { device, usable: true, says: cards }
  return {
    device,
    usable: false,
    says: `${cards}, but ONNX Runtime cannot use it: ${result.reason}`,
    todo: 'CUDA 12 and cuDNN 9 must be installed and their folders be in LD_LIBRARY_PATH: docs/devices.md has the command',
  }
}

function webgpuReport(result: ProbeResult): DeviceReport {
  const device = 'webgpu'
  if (result.usable) {
    const attention = result.fusedAttention ? '' : '; computes fused attention wrongly, so it is taken apart'
    return { device, usable: true, says: `${webgpuName()}${attention}` }
  }
  const todo =
    process.platform === 'linux'
      ? "install libvulkan1 and the graphics card's Vulkan driver; docs/devices.md names one that needs no card"
      : "install the graphics card's driver"
  return { device, usable: false, says: result.reason, todo }
}
