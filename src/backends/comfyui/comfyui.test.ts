import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type ComfyRecording, type ReplayOptions, replayComfyui } from '../../../test/support/comfyui.js'
import type { Job } from '../../payload/job.js'
import { payloadToJob } from '../../payload/to-job.js'
import { drawnImage } from '../drawn-image.js'
import { type ComfyOptions, comfyuiBackend } from './comfyui-backend.js'
import { comfyGraph } from './graph.js'

/** What ComfyUI 0.8.0 said while it drew the pocket model: `scripts/record-comfyui.ts`. */
const RECORDING: ComfyRecording = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../test/recordings/comfyui.json'), 'utf8'),
)

const modelOf = () => ({ baseline: 'stable_diffusion_1', inpainting: false, checkpoint: 'pocket-sd15.safetensors' })

const PAYLOAD = {
  prompt: 'a red circle on a blue background',
  model: 'pocket-sd15',
  seed: 7,
  width: 64,
  height: 64,
  ddim_steps: 3,
  cfg_scale: 5,
  karras: true,
  sampler_name: 'k_euler',
}

let close: () => Promise<void> = async () => {}
afterEach(() => close())

async function replayed(options: ReplayOptions = {}, more: Partial<ComfyOptions> = {}) {
  const server = await replayComfyui(RECORDING, options)
  close = server.close
  const backend = comfyuiBackend({ url: server.url, modelOf, waitMs: 1, ...more })
  const draw = (payload: object = PAYLOAD) => backend.generate(JSON.stringify(payload), { id: 'a' })
  return { ...server, backend, draw }
}

const recorded = (path: string) => RECORDING.exchanges.find(exchange => exchange.path.startsWith(path))

describe('against what a real ComfyUI said', () => {
  test('the picture, the steps, the times and the graph are those of the recording', async () => {
    const { draw, prompts, backend } = await replayed()
    expect(await backend.describe()).toMatchObject({ name: 'comfyui', version: '0.8.0' })
    expect(await backend.environment()).toMatchObject({
      device: 'cpu',
      elsewhere: { class: expect.stringMatching(/^comfyui-cpu-torch/) },
    })
    const handle = draw()
    const steps: string[] = []
    for await (const event of handle) if (event.type === 'step') steps.push(`${event.step}/${event.steps}`)
    const generation = await handle
    expect(steps).toEqual(['1/3', '2/3', '3/3'])
    expect(generation).toMatchObject({ state: 'ok', faults: [], images: [{ width: 64, height: 64, channels: 3 }] })
    const view = await drawnImage(Buffer.from(recorded('/view')?.body ?? '', 'base64'), 'recording')
    expect(generation.images[0]?.sha256).toBe(view.sha256)
    expect(generation.timings.steps).toHaveLength(3)
    const withoutNonce = (text: unknown) =>
      JSON.parse(JSON.stringify(text).replace(/"horde_onnx":"[^"]*"/gu, '"horde_onnx":""'))
    const [sent] = prompts
    expect(withoutNonce(sent).prompt).toEqual(withoutNonce(recorded('/prompt')?.sent).prompt)
  })

  test('a WebSocket that breaks in the middle loses nothing: the history tells the end', async () => {
    const { draw } = await replayed({ breakAfter: 8 })
    expect(await draw()).toMatchObject({ state: 'ok', images: [{ width: 64 }] })
  })

  test('a server that is overloaded for a moment is asked again; the prompt is not sent twice', async () => {
    const { draw, counts } = await replayed({
      instead: ({ path, count }) => (path.startsWith('/view') && count <= 2 ? { status: 503 } : undefined),
    })
    expect((await draw()).state).toBe('ok')
    expect(counts.get('GET /view')).toBe(3)
    expect(counts.get('POST /prompt')).toBe(1)
  })
})

describe('what goes wrong is said, and ends', () => {
  const fault = async (options: ReplayOptions, more: Partial<ComfyOptions> = {}) => {
    const generation = await (await replayed(options, more)).draw()
    expect(generation.images).toEqual([])
    return generation.faults[0]?.message
  }
  const at = (path: string, answer: ReturnType<NonNullable<ReplayOptions['instead']>>) => ({
    instead: (request: { path: string }) => (request.path.startsWith(path) ? answer : undefined),
  })

  test('an answer that was cut off', async () => {
    expect(await fault(at('/history', { body: '{"a":' }))).toContain('something else than JSON')
  })

  test('an answer of another program', async () => {
    expect(await fault(at('/prompt', { body: '{"ok":true}' }))).toContain('answered unexpectedly: prompt_id')
  })

  test('a server that drops the connection', async () => {
    expect(await fault(at('/view', 'drop'))).toContain('cannot be reached')
  })

  test('a server that never answers', async () => {
    expect(await fault(at('/view', 'hang'), { timeoutMs: 50 })).toContain('did not answer within')
  })

  test('a ComfyUI that never gets done', async () => {
    const quiet = { breakAfter: 3, ...at('/history', { body: '{}' }) }
    expect(await fault(quiet, { silentMs: 700 })).toContain('said nothing for')
  })

  test('a picture that is none', async () => {
    expect(await fault(at('/view', { body: 'bm9uZQ==' }))).toContain('picture 0 of ComfyUI')
  })

  test('a graph that is refused, node by node', async () => {
    const body = JSON.stringify({
      error: { type: 'prompt_outputs_failed_validation', message: 'Prompt outputs failed validation', details: '' },
      node_errors: {
        checkpoint: { errors: [{ message: 'Value not in list', details: "ckpt_name: 'x' not in []" }], class_type: '' },
      },
    })
    expect(await fault(at('/prompt', { status: 400, body }))).toBe(
      "ComfyUI refused the graph: checkpoint: Value not in list (ckpt_name: 'x' not in [])",
    )
  })

  test('a node that fails', async () => {
    const [history] = Object.keys(JSON.parse(recorded('/history')?.body ?? '{}'))
    const status = {
      status_str: 'error',
      completed: false,
      messages: [['execution_error', { node_type: 'KSampler', exception_message: 'out of memory\n' }]],
    }
    const body = JSON.stringify({ [history ?? '']: { outputs: {}, status } })
    expect(await fault(at('/history', { body }))).toBe('ComfyUI failed: KSampler: out of memory')
  })

  test('nobody at the address, and an address that is none', async () => {
    const backend = comfyuiBackend({ url: 'http://127.0.0.1:9', modelOf, waitMs: 1 })
    expect((await backend.generate(JSON.stringify(PAYLOAD), { id: 'a' })).faults[0]?.message).toContain(
      'cannot be reached',
    )
    await expect(backend.describe()).rejects.toThrow('cannot be reached')
    expect(() => comfyuiBackend({ url: 'http://', modelOf })).toThrow('no address of a ComfyUI')
  })

  test('a payload that these graphs do not have is unsupported, and nothing is sent', async () => {
    const { draw, counts } = await replayed()
    expect(await draw({ ...PAYLOAD, tiling: true })).toMatchObject({ faults: [{ code: 'unsupported' }] })
    expect(counts.size).toBe(0)
  })
})

describe('the graph of a job', () => {
  const PNG = readFileSync(resolve(import.meta.dirname, '../../../docs/images/circle.png')).toString('base64')
  const graphOf = (more: object, names: { source?: string; mask?: string } = {}) => {
    const job: Job = payloadToJob({ ...PAYLOAD, ...more }, { baselineOf: modelOf })
    const { graph } = comfyGraph({ job, checkpoint: 'c', nonce: 'n', ...names })
    return graph
  }
  /** Classes from the result back along the first link of each node. */
  const chain = (graph: ReturnType<typeof graphOf>, input: string) => {
    const found: string[] = []
    for (let id: string | undefined = input; id !== undefined; ) {
      const node: { class_type: string; inputs: Record<string, unknown> } | undefined = graph[id]
      if (node === undefined) break
      found.push(node.class_type)
      const link = ['samples', 'latent_image', 'pixels', 'image'].map(name => node.inputs[name]).find(Array.isArray)
      id = link?.[0]
    }
    return found
  }

  test('keeps seeds beyond 2^53', () => {
    expect(graphOf({ seed: 2n ** 63n - 1n }).sampler?.inputs.seed).toBe(2n ** 63n - 1n)
  })

  test('img2img starts from the encoded source, repeated for each picture, with the mask on the latent', () => {
    const graph = graphOf(
      { source_image: PNG, source_mask: PNG, n_iter: 2, denoising_strength: 0.5 },
      { source: 's', mask: 'm' },
    )
    expect(chain(graph, 'decode')).toEqual([
      'VAEDecode',
      'KSampler',
      'RepeatLatentBatch',
      'SetLatentNoiseMask',
      'VAEEncode',
      'ImageScale',
      'LoadImage',
    ])
    expect(graph.sampler?.inputs.denoise).toBe(0.5)
  })

  test('inpainting encodes the picture with the mask grown by six', () => {
    const graph = graphOf(
      { source_image: PNG, source_mask: PNG, source_processing: 'inpainting' },
      { source: 's', mask: 'm' },
    )
    expect(graph.encoded).toMatchObject({
      class_type: 'VAEEncodeForInpaint',
      inputs: { grow_mask_by: 6, mask: ['mask', 0] },
    })
  })

  test('hires fix scales the latent by nearest-exact and samples again with the schedule simple', () => {
    const graph = graphOf({ width: 768, height: 1024, hires_fix: true, ddim_steps: 30 })
    expect(chain(graph, 'decode')).toEqual(['VAEDecode', 'KSampler', 'LatentUpscale', 'KSampler', 'EmptyLatentImage'])
    expect(graph.upscale?.inputs).toMatchObject({ upscale_method: 'nearest-exact', width: 768, height: 1024 })
    expect(graph.empty?.inputs).toMatchObject({ width: 512, height: 640 })
    expect(graph.second_pass?.inputs).toMatchObject({ scheduler: 'simple', denoise: 0.65 })
  })

  test('LoRAs are chained before the text is encoded', () => {
    const graph = graphOf({
      loras: [
        { name: 'a', model: 0.5 },
        { name: 'b', clip: 0.25 },
      ],
    })
    expect(graph.lora1?.inputs).toMatchObject({ model: ['lora0', 0], clip: ['lora0', 1], strength_clip: 0.25 })
    expect(graph.clip_skip?.inputs.clip).toEqual(['lora1', 1])
    expect(graph.sampler?.inputs.model).toEqual(['lora1', 0])
  })
})
